#include "models/patches/sized_denoiser.h"

#include <algorithm>

#include "core/error.h"
#include "models/patches/training_images.h"

namespace farfield {
namespace {

int64_t around_everything(const ImageShape& shape) { return 2 * std::max(shape.height, shape.width) - 1; }
int64_t inside(const ImageShape& shape) { return std::min(shape.height, shape.width); }

struct SizedKind {
  std::string name;
  SizedDenoiser (*make)(const ReferenceRequest& request);
  int64_t (*most)(const ImageShape& shape);
};

const std::vector<SizedKind>& sized_table() {
  static const std::vector<SizedKind> table = {{"ls", sized_local_score, around_everything},
                                               {"els-border", sized_border_score, around_everything},
                                               {"els-circular-interior", sized_circular_interior_score, inside},
                                               {"els-circular-all", sized_circular_score, inside},
                                               {"els-zero-all", sized_zero_padded_score, around_everything},
                                               {"pspc", sized_patch_composite, inside}};
  return table;
}

const SizedKind& kind_of_request(const ReferenceRequest& request) {
  const auto found = std::ranges::find(sized_table(), request.options.name(), &SizedKind::name);
  check(found != sized_table().end(), "a kind of sized_kinds()");
  return *found;
}

}  // namespace

std::vector<std::string> sized_kinds() {
  std::vector<std::string> names;
  for (const SizedKind& kind : sized_table()) names.push_back(kind.name);
  return names;
}

SizedDenoiser sized_denoiser(const ReferenceRequest& request) { return kind_of_request(request).make(request); }

int64_t most_size(const ReferenceRequest& request) {
  return kind_of_request(request).most(image_shape(request.data.info(), request.options.name()));
}

}  // namespace farfield
