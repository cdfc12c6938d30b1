#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace farfield {

// How one denoiser looks in every chart of every report: never by colour alone, also by dash and mark. Colours are
// CSS variables of the page (analysis/page/report.css, reference_colours()), so that one chart serves light, dark and print.
struct SeriesStyle {
  std::string colour;       // of lines, marks and bands
  std::string text_colour;  // of labels: the same hue, dark enough to read
  std::vector<int> dash;    // empty: solid
  std::string mark;         // Vega's point shapes
};

// Kinds (DenoiserInfo::kind) with a look of their own: those of reference_table(), and all that was learned, which looks
// alike; every other name takes the next free colour. `repeat` counts the series of this look (or of other names) before
// this one: repeats keep the colour and change dash and mark.
SeriesStyle series_style(std::string_view kind, int repeat = 0);

// The styles of several series of one chart, repeats counted in order.
std::vector<SeriesStyle> series_styles(const std::vector<std::string>& kinds);

// The colours of reference_table() as CSS variables: a part of the page's style.
std::string reference_colours();

}  // namespace farfield
