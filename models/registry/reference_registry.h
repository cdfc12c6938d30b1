#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "models/analytic/reference_fits.h"
#include "models/denoiser.h"

namespace farfield {

// How charts draw a kind: hex colours of lines and of text on a light and on a dark page, and Vega's name of its mark.
struct ReferenceLook {
  std::string light, light_text, dark, dark_text, mark;
};

// Marks that Vega draws as paths, within a square of side 2: a star, six corners, a cross on its side, five corners, an hourglass, a
// trapezoid, a chevron.
inline constexpr const char* kStarMark =
    "M0,-1L0.24,-0.31L0.95,-0.31L0.36,0.12L0.59,0.81L0,0.38L-0.59,0.81L-0.36,0.12L-0.95,-0.31L-0.24,-0.31Z";
inline constexpr const char* kHexagonMark = "M0,-0.9L0.78,-0.45L0.78,0.45L0,0.9L-0.78,0.45L-0.78,-0.45Z";
inline constexpr const char* kSaltireMark =
    "M-0.9,-0.6L-0.6,-0.9L0,-0.3L0.6,-0.9L0.9,-0.6L0.3,0L0.9,0.6L0.6,0.9L0,0.3L-0.6,0.9L-0.9,0.6L-0.3,0Z";
inline constexpr const char* kPentagonMark = "M0,-0.95L0.9,-0.29L0.56,0.77L-0.56,0.77L-0.9,-0.29Z";
inline constexpr const char* kHourglassMark = "M-0.8,-0.8L0.8,-0.8L0.25,0L0.8,0.8L-0.8,0.8L-0.25,0Z";
inline constexpr const char* kTrapezoidMark = "M-0.95,0.6L-0.45,-0.6L0.45,-0.6L0.95,0.6Z";
inline constexpr const char* kChevronMark = "M-0.9,-0.1L0,-0.9L0.9,-0.1L0.9,0.7L0,-0.1L-0.9,0.7Z";

// A row of the table of references: denoisers that are fitted to data and then known in closed form. Those of
// models/analytic are the scores of a density (AnalyticDenoiser) or their far field, those of models/smoothing and
// models/patches are not.
struct ReferenceKind {
  std::string name;     // what --model and --references begin with; DenoiserInfo::kind
  std::string summary;  // for --help
  std::vector<std::string>
      options;  // "rank=", or "tail=zero|mean" where values are words; no key is one of a data source
  std::function<std::unique_ptr<Denoiser>(const ReferenceRequest&)> fit;
  std::string words;  // what a sentence calls the only one of its kind: "the Gaussian"; "": the text it was named by
  ReferenceLook look;
  std::string in_all = {};  // what `all` calls it: "mixture,components=10"; "": it is not among them
  bool of_images = false;   // whether its data must be images [C,H,W]
  bool costly = false;      // whether an evaluation takes so long that --references all measures a part of it
};

// Every kind there is, in the order of --help. The table is in reference_registry.cpp: a new kind is one row there.
const std::vector<ReferenceKind>& reference_table();

// The row of that name; nullptr when there is none.
const ReferenceKind* find_reference(std::string_view name);
std::vector<std::string> reference_names();
// The keys of a row's options, and those of all rows: names that no data source may take for an option of its own.
std::vector<std::string> option_keys(const ReferenceKind& kind);
std::vector<std::string> reference_option_keys();
// One line a kind: name, summary, options.
std::string reference_help();

}  // namespace farfield
