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

// How a result came about. Every report says it in the same places.
struct Provenance {
  std::vector<std::string> command;  // the command line, below the answer
  Facts asked;                       // what the result is about: model, data, seeds; below the command
  Facts settings;                    // the rest: batch, device, time, version; at the end
};

// One self-contained HTML page, built from top to bottom: no network access (a content policy forbids it), light and
// dark, from 360 pixels to wide screens, printable. All text is plain and escaped here; only `spec` must be valid JSON.
class Report {
 public:
  // `kind` stands small above the title ("farfield compare"); `answer` is the result in one or two sentences.
  Report(std::string_view kind, std::string_view title, std::string_view answer, Provenance how = {});

  void section(std::string_view title);
  void paragraph(std::string_view text);
  void table(const Table& table, std::string_view caption);
  void figure(const Figure& figure);
  // A file beside the page and what is in it. All are listed at the end, where a command's run.json joins them.
  void file(std::string_view name, std::string_view what);

  // Ends with the settings and the list of files.
  std::string html() const;
  void write(const std::filesystem::path& path) const;  // atomic; io_error

 private:
  std::string title_, body_;
  Provenance how_;
  Facts files_;
};

}  // namespace farfield
