#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/io/rows.h"

namespace farfield {

// One chart of a figure: Vega-Lite JSON (analysis/page/charts.h) and what it shows, in words, for those who cannot see it.
struct Chart {
  std::string spec, alt;
};

// One picture: PNG bytes, its words, and what stands below it. Shown pixel by pixel, never smoothed.
struct Picture {
  std::string png, alt;
  std::string title;                  // above: whose samples
  std::vector<std::string> captions;  // below, one line each: solver, schedule, NFE, seconds
};

// A figure of charts or pictures side by side (below each other on a narrow screen).
struct Figure {
  std::string title;    // what is seen, a sentence
  std::string caption;  // how it was measured
  std::vector<Chart> charts;
  std::vector<Picture> pictures;
  std::string data_file;  // beside the report: the numbers of the figure; empty: none
  Table numbers;          // the same numbers in the page, folded away; shown open when charts cannot be drawn
};

using Facts = std::vector<std::pair<std::string, std::string>>;

// One self-contained HTML page, built from top to bottom: no network access (a content policy forbids it), light and
// dark, from 360 pixels to wide screens, printable. All text is plain and escaped here; only `spec` must be valid JSON.
class Report {
 public:
  // `kind` stands small above the title ("farfield compare"); `answer` is the result in one or two sentences.
  Report(std::string_view kind, std::string_view title, std::string_view answer);

  void section(std::string_view title);
  void paragraph(std::string_view text);
  void code(std::string_view text);  // a command line
  void facts(const Facts& facts);    // name and value, two columns
  void table(const Table& table, std::string_view caption);
  void figure(const Figure& figure);
  void files(const Facts& files);  // name (a link to the file beside the report) and what is in it

  std::string html() const;
  void write(const std::filesystem::path& path) const;  // atomic; io_error

 private:
  std::string title_, body_;
};

}  // namespace farfield
