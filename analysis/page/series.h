#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/denoiser.h"

namespace farfield {

// How one denoiser looks in every chart of every report: never by colour alone, also by dash and mark. Colours are
// CSS variables of the page (analysis/page/report.css), so that one chart serves light, dark and print.
struct SeriesStyle {
  std::string colour;       // of lines, marks and bands
  std::string text_colour;  // of labels: the same hue, dark enough to read
  std::vector<int> dash;    // empty: solid
  std::string mark;         // Vega's point shapes
};

// Kinds with a colour of their own: "network", "delta" (the data set itself), "mixture", "gaussian", "isotropic"; every
// other kind takes the next free colour. `repeat` counts the series of this kind (or of other kinds) before this one:
// repeats keep the colour and change dash and mark.
SeriesStyle series_style(std::string_view kind, int repeat = 0);

// The styles of several series of one chart, repeats counted in order.
std::vector<SeriesStyle> series_styles(const std::vector<std::string>& kinds);

// "gaussian (rank 64)" -> "gaussian"; "network" for names that begin with none of the kinds above.
std::string denoiser_kind(const DenoiserInfo& info);

}  // namespace farfield
