#include "analysis/page/report.h"

#include <cmath>

#include <fmt/format.h>

#include "analysis/page/format.h"
#include "analysis/page/html.h"
#include "analysis/page/page_assets.h"
#include "analysis/page/series.h"
#include "core/io/file.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr std::string_view kNoCharts =
    "This build has no chart script, so the figures are shown as tables. To draw them: python3 -m pip install "
    "vl-convert-python, then scripts/build.";

// Forbids every request: what the page needs is in it.
constexpr std::string_view kPolicy =
    "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval'";

std::string cell_text(const Cell& cell) {
  struct Visitor {
    std::string operator()(std::monostate) const { return ""; }
    std::string operator()(int64_t value) const { return std::to_string(value); }
    std::string operator()(double value) const {
      return std::isfinite(value) ? format_digits(value, 5)
                                  : std::string(std::isnan(value) ? ""
                                                : value > 0       ? "∞"
                                                                  : "−∞");
    }
    std::string operator()(const std::string& value) const { return value; }
  };
  return std::visit(Visitor{}, cell);
}

std::string table_html(const Table& table) {
  std::string html = "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"table\"><table><thead><tr>";
  for (const std::string& column : table.columns) html += "<th scope=\"col\">" + escape_html(column) + "</th>";
  html += "</tr></thead><tbody>\n";
  for (const auto& row : table.rows) {
    html += "<tr>";
    for (const Cell& cell : row) {
      const bool text = std::holds_alternative<std::string>(cell);
      html += (text ? "<td>" : "<td class=\"number\">") + escape_html(cell_text(cell)) + "</td>";
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

// Relative links only; a file name is data, so it is percent-encoded.
std::string href(std::string_view file) {
  std::string encoded;
  for (char c : file) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) ||
                       std::string_view("-._~/").find(c) != std::string_view::npos;
    encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return "./" + encoded;
}

std::string picture_html(const Picture& picture) {
  std::string html = "<div class=\"picture\">";
  if (!picture.title.empty()) html += "<h4>" + escape_html(picture.title) + "</h4>";
  html += "<img alt=\"" + escape_html(picture.alt) + "\" src=\"data:image/png;base64," + base64(picture.png) + "\">";
  for (const std::string& line : picture.captions) html += "<p>" + escape_html(line) + "</p>";
  return html + "</div>\n";
}

std::string chart_html(const Chart& chart) {
  return "<div class=\"chart\" role=\"img\" aria-label=\"" + escape_html(chart.alt) +
         "\"><script type=\"application/json\">" + json_for_script(chart.spec) + "</script></div>\n";
}

std::string section_html(std::string_view title) { return "<h2>" + escape_html(title) + "</h2>\n"; }

std::string facts_html(const Facts& facts) {
  std::string html = "<dl>";
  for (const auto& [name, value] : facts) {
    html += "<div><dt>" + escape_html(name) + "</dt><dd>" + escape_html(value) + "</dd></div>\n";
  }
  return html + "</dl>\n";
}

std::string files_html(const Facts& files) {
  std::string html = "<dl class=\"files\">";
  for (const auto& [name, what] : files) {
    html += "<div><dt><a href=\"" + href(name) + "\">" + escape_html(name) + "</a></dt><dd>" + escape_html(what) +
            "</dd></div>\n";
  }
  return html + "</dl>\n";
}

// What every report ends with.
std::string closing_html(const Provenance& how, Facts files) {
  if (!how.command.empty()) files.emplace_back("run.json", "command, settings, versions, SHA-256 of the inputs");
  std::string html;
  if (!how.settings.empty()) html += section_html("Settings") + facts_html(how.settings);
  if (!files.empty()) html += section_html("Files") + files_html(files);
  return html;
}

}  // namespace

Report::Report(std::string_view kind, std::string_view title, std::string_view answer, Provenance how)
    : title_(title), how_(std::move(how)) {
  body_ = "<header><p class=\"kind\">" + escape_html(kind) + "</p>\n<h1>" + escape_html(title) +
          "</h1>\n<p class=\"answer\">" + escape_html(answer) + "</p></header>\n";
  if (!how_.command.empty()) body_ += "<pre><code>" + escape_html(join(how_.command, " ")) + "</code></pre>\n";
  if (!how_.asked.empty()) body_ += facts_html(how_.asked);
}

void Report::section(std::string_view title) { body_ += section_html(title); }

void Report::paragraph(std::string_view text) { body_ += "<p>" + escape_html(text) + "</p>\n"; }

void Report::table(const Table& table, std::string_view caption) {
  body_ += "<figure>" + table_html(table) + "<figcaption>" + escape_html(caption) + "</figcaption></figure>\n";
}

void Report::figure(const Figure& figure) {
  const bool drawn = !chart_script().empty();
  body_ += "<figure><h3>" + escape_html(figure.title) + "</h3>\n";
  if (drawn && !figure.charts.empty()) {
    body_ += "<div class=\"charts\">";
    for (const Chart& chart : figure.charts) body_ += chart_html(chart);
    body_ += "</div>\n";
  }
  if (!figure.pictures.empty()) {
    body_ += "<div class=\"pictures\">";
    for (const Picture& picture : figure.pictures) body_ += picture_html(picture);
    body_ += "</div>\n";
  }
  body_ += "<figcaption>" + escape_html(figure.caption) + " <span class=\"links\">";
  if (!figure.data_file.empty()) {
    body_ += "<a href=\"" + href(figure.data_file) + "\">" + escape_html(figure.data_file) + "</a>";
  }
  body_ += "</span></figcaption>\n";
  if (!figure.numbers.rows.empty()) {
    body_ += std::string("<details") + (drawn || figure.charts.empty() ? "" : " open") +
             "><summary>The numbers as a table</summary>" + table_html(figure.numbers) + "</details>\n";
  }
  body_ += "</figure>\n";
}

void Report::file(std::string_view name, std::string_view what) { files_.emplace_back(name, what); }

std::string Report::html() const {
  const bool drawn = !chart_script().empty();
  std::string page = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  page += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  page += "<meta name=\"color-scheme\" content=\"light dark\">\n";
  page += fmt::format("<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n", kPolicy);
  page += "<title>" + escape_html(title_) + "</title>\n<style>\n" + std::string(page_style()) + reference_colours() +
          "</style>\n</head>\n<body>\n";
  page += "<main>\n" + body_ + closing_html(how_, files_);
  if (!drawn) page += "<p class=\"notice\">" + escape_html(kNoCharts) + "</p>\n";
  page += "</main>\n<div class=\"paper\" hidden></div>\n";
  if (drawn) {
    page +=
        "<noscript><p class=\"notice\">The charts need JavaScript; their numbers are in the tables.</p></noscript>\n";
    page += "<script>" + std::string(chart_script()) + "</script>\n<script>\n" + std::string(page_script()) +
            "</script>\n";
  }
  return page + "</body>\n</html>\n";
}

void Report::write(const std::filesystem::path& path) const { write_file_atomically(path, html()); }

}  // namespace farfield
