#include "models/registry/reference_registry.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/named_options.h"
#include "core/text.h"

namespace farfield {

// Colours are Okabe and Ito's where there is one: told apart without colour vision, and by mark and dash without colour.
const std::vector<ReferenceKind>& reference_table() {
  static const std::vector<ReferenceKind> table = {
      {"isotropic",
       "N(mean, tr(S)/d I) of the data",
       {},
       isotropic_of,
       "the isotropic Gaussian",
       {"#8c8c8c", "#666666", "#9c9c9c", "#b5b5b5", "cross"}},
      {"diagonal",
       "N(mean, diag S) of the data: no correlations",
       {},
       diagonal_of,
       "the diagonal Gaussian",
       {"#7b5ea7", "#5f4587", "#a98fd6", "#bda8e3", "triangle-down"}},
      {"gaussian",
       "N(mean, S) of the data",
       {"rank="},
       gaussian_of,
       "the Gaussian",
       {"#0072b2", "#005a8e", "#4ba6e0", "#6dbbed", "diamond"}},
      {"mixture",
       "a Gaussian a cluster (components=K, k-means) or class",
       {"components=", "per=class", "rank=", "tail=zero|mean", "ridge=", "kmeans_seed=", "max_iterations="},
       mixture_of,
       "",
       {"#e69f00", "#8a5f00", "#f0ad1c", "#f3bd4a", "square"}},
      {"delta",
       "the data set itself: the exact, optimal denoiser",
       {},
       delta_of,
       "the exact score of the data set",
       {"#009e73", "#00734f", "#1fc897", "#3fd9ac", "triangle-up"}},
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
    lines.push_back(fmt::format("  {:<10} {}{}", kind.name, kind.summary, takes));
  }
  return join(lines, "\n");
}

}  // namespace farfield
