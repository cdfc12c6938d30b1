#include "models/registry/reference_registry.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/named_options.h"
#include "core/text.h"
#include "models/patches/patch_fits.h"
#include "models/smoothing/smoothing_fits.h"

namespace farfield {
// Colours are Okabe and Ito's where there is one: told apart without colour vision, and by mark and dash without colour.
const std::vector<ReferenceKind>& reference_table() {
  static const std::vector<ReferenceKind> table = {
      {"mean",
       "N(mean, 0) of the data: D is their mean",
       {},
       mean_of_data,
       "the mean",
       {"#a0522d", "#8a4526", "#d0825c", "#dc9a7a", kSaltireMark},
       "mean"},
      {"isotropic",
       "N(mean, tr(S)/d I) of the data",
       {},
       isotropic_of,
       "the isotropic Gaussian",
       {"#8c8c8c", "#666666", "#9c9c9c", "#b5b5b5", "cross"},
       "isotropic"},
      {"diagonal",
       "N(mean, diag S) of the data: no correlations",
       {},
       diagonal_of,
       "the diagonal Gaussian",
       {"#7b5ea7", "#5f4587", "#a98fd6", "#bda8e3", "triangle-down"},
       "diagonal"},
      {"gaussian",
       "N(mean, S) of the data",
       {"rank=", "ddof=0|1"},
       gaussian_of,
       "the Gaussian",
       {"#0072b2", "#005a8e", "#4ba6e0", "#6dbbed", "diamond"},
       "gaussian"},
      {"gaussian1",
       "its far field, D = mean + S/sigma^2 (x - mean): means something above the largest deviation",
       {},
       first_order_of,
       "the first order of the far field",
       {"#4059ad", "#34489a", "#8fa2e6", "#a7b6ee", kPentagonMark},
       "gaussian1"},
      {"gaussian2",
       "likewise to second order, with -S^2/sigma^4 (x - mean)",
       {},
       second_order_of,
       "the second order of the far field",
       {"#00868b", "#006669", "#3fc1c6", "#63d2d6", kHourglassMark},
       "gaussian2"},
      {"mixture",
       "a Gaussian a cluster (components=K, k-means) or class",
       {"components=", "per=class", "rank=", "tail=zero|mean", "ridge=", "kmeans_seed=", "max_iterations="},
       mixture_of,
       "",
       {"#e69f00", "#8a5f00", "#f0ad1c", "#f3bd4a", "square"},
       "mixture,components=10"},
      {"delta",
       "the data set itself: the exact, optimal denoiser",
       {"epsilon=", "neighbours=", "uniform=", "draws=", "golden=yes|no"},
       delta_of,
       "the exact score of the data set",
       {"#009e73", "#00734f", "#1fc897", "#3fd9ac", "triangle-up"},
       "delta"},
      {"smoothed",
       "the score of the data averaged over tau=, on a line over kappa=",
       {"tau=", "kappa=", "samples=", "offsets=cube|normal|direction", "offset_seed="},
       smoothed_of,
       "the smoothed score",
       {"#b8860b", "#7d5b00", "#e0b84c", "#e8c76b", kTrapezoidMark}},
      {"piecewise",
       "the piecewise linear score, to the nearest point, averaged likewise",
       {"tau=", "kappa=", "samples=", "offsets=cube|normal|direction", "offset_seed="},
       piecewise_of,
       "the piecewise linear score",
       {"#6b8e23", "#4c6619", "#a5c95a", "#b8d67a", kChevronMark}},
      {"ls",
       "local score: a pixel from the boxes around it at the same place",
       {"k=", "table=", "boundary=zero|circular", "window=box|gaussian", "flips=yes|no", "per=class"},
       local_score_of,
       "the local score",
       {"#d55e00", "#a84a00", "#ff8a3d", "#ffa366", "triangle-right"},
       "ls",
       true,
       true},
      {"els-border",
       "equivariant local score that knows the borders: windows of all images at many places",
       {"k=", "table=", "flips=yes|no", "per=class"},
       border_score_of,
       "the border-aware equivariant local score",
       {"#cc79a7", "#9c4478", "#e39cc4", "#ecb4d3", "triangle-left"},
       "els-border",
       true,
       true},
      {"els-circular-interior",
       "the same, x wraps, windows inside the images",
       {"k=", "table=", "flips=yes|no", "per=class"},
       circular_interior_score_of,
       "the circular equivariant local score",
       {"#b0568f", "#8c3a6e", "#d98abf", "#e6a8d0", "arrow"},
       "els-circular-interior",
       true,
       true},
      {"els-circular-all",
       "the same, x and the images wrap: the best circular local function",
       {"k=", "table=", "flips=yes|no", "per=class"},
       circular_score_of,
       "the wrapping equivariant local score",
       {"#94489c", "#75327c", "#c58ccc", "#d6a8db", "wedge"},
       "",
       true,
       true},
      {"els-zero-all",
       "the same, zeros around x and the images",
       {"k=", "table=", "flips=yes|no", "per=class"},
       zero_padded_score_of,
       "the zero-padded equivariant local score",
       {"#c2527a", "#9a335a", "#ea8fae", "#f0a9c2", "triangle"},
       "",
       true,
       true},
      {"pspc",
       "patch set posterior composite: the average of the posterior means of all windows",
       {"p=", "table=", "window=box|gaussian", "flips=yes|no", "per=class"},
       patch_composite_of,
       "the patch composite",
       {"#56b4e9", "#1f78ad", "#7cc7f0", "#9ad5f5", "stroke"},
       "pspc",
       true,
       true},
      {"pspc-flex",
       "the same with a mask for each pixel from heat=FILE",
       {"heat=", "fraction=", "table=", "uncovered=own|zero", "flips=yes|no", "per=class"},
       mask_composite_of,
       "the masked patch composite",
       {"#2f9fb5", "#1d7282", "#62c6d9", "#86d4e3", kStarMark},
       "",
       true,
       true},
      {"pca-locality",
       "a value from those that a thresholded Wiener matrix ties to it",
       {"threshold=", "orientation=output|input", "signed=yes|no", "empty=refuse|mean", "aggregation=exact|batch-mean",
        "batch=", "ddof=0|1", "per=class"},
       pca_locality_of,
       "the PCA locality denoiser",
       {"#8f7a00", "#6b5b00", "#d6bb2f", "#e0cc63", kHexagonMark},
       "pca-locality,empty=mean",
       true,
       true},
  };
  return table;
}

const ReferenceKind* find_reference(std::string_view name) {
  const auto& table = reference_table();
  const auto found = std::ranges::find(table, name, &ReferenceKind::name);
  return found == table.end() ? nullptr : &*found;
}

std::vector<std::string> reference_names() {
  std::vector<std::string> names;
  for (const ReferenceKind& kind : reference_table()) names.push_back(kind.name);
  return names;
}

std::vector<std::string> option_keys(const ReferenceKind& kind) { return option_keys(kind.options); }

std::vector<std::string> reference_option_keys() {
  std::vector<std::string> all;
  for (const ReferenceKind& kind : reference_table()) {
    for (const std::string& key : option_keys(kind)) {
      if (std::ranges::find(all, key) == all.end()) all.push_back(key);
    }
  }
  return all;
}

std::string reference_help() {
  std::vector<std::string> lines;
  for (const ReferenceKind& kind : reference_table()) {
    const std::string takes = kind.options.empty() ? "" : "; takes " + join(kind.options, ",");
    lines.push_back(fmt::format("  {:<21} {}{}", kind.name, kind.summary, takes));
  }
  return join(lines, "\n");
}

}  // namespace farfield
