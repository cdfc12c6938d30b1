#include "models/patches/training_images.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "core/error.h"
#include "core/interrupts.h"
#include "core/limits.h"
#include "core/text.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kGroupsReadAtOnce = 16;

// An image of the data, as it is or mirrored.
struct Taken {
  int64_t image;
  bool mirrored;
};
using TakenParts = std::vector<std::vector<Taken>>;

void add_parts(const std::vector<int64_t>& images, const TrainingOptions& options, TakenParts& parts) {
  std::vector<Taken> all;
  for (const bool mirrored : {false, true}) {
    if (mirrored && !options.flips) continue;
    for (const int64_t image : images) all.push_back({image, mirrored});
  }
  const size_t size = options.images_of_part > 0 ? static_cast<size_t>(options.images_of_part) : all.size();
  for (size_t first = 0; first < all.size(); first += size) {
    parts.emplace_back(all.begin() + static_cast<int64_t>(first),
                       all.begin() + static_cast<int64_t>(std::min(all.size(), first + size)));
  }
}

std::vector<int64_t> images_of_class(const Tensor& labels, int64_t label) {
  const Tensor found = labels.eq(label).nonzero().flatten().contiguous();
  const int64_t* index = found.const_data_ptr<int64_t>();
  return {index, index + found.numel()};
}

TakenParts parts_in_order(int64_t count, const TrainingOptions& options) {
  std::vector<int64_t> all(static_cast<size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  TakenParts parts;
  add_parts(all, options, parts);
  return parts;
}

// Also the first part and the end of each class.
TakenParts parts_by_class(const Tensor& labels, int64_t classes, const TrainingOptions& options,
                          std::vector<std::pair<size_t, size_t>>& class_parts) {
  TakenParts parts;
  for (int64_t label = 0; label < classes; ++label) {
    const size_t first = parts.size();
    add_parts(images_of_class(labels, label), options, parts);
    class_parts.emplace_back(first, parts.size());
  }
  return parts;
}

// usage_error where images of `size` bytes a number are more than a reference may hold.
void check_memory(int64_t images, const ImageShape& shape, int64_t size) {
  constexpr double kGiB = 1 << 30;
  const double bytes = static_cast<double>(images) * static_cast<double>(shape.values()) * static_cast<double>(size);
  if (bytes <= static_cast<double>(limits::kMostBytes)) return;
  throw usage_error(fmt::format(
      "patches: {} images [{},{},{}] take {:.1f} GiB, at most {:.0f} are possible; give fewer (first=N of the "
      "data), or leave mirror images out (flips=no)",
      images, shape.channels, shape.height, shape.width, bytes / kGiB, static_cast<double>(limits::kMostBytes) / kGiB));
}

// [n,C,H,W] of consecutive images of a part.
Tensor taken_rows(std::span<const Taken> taken, const std::function<Tensor(const Tensor&)>& rows) {
  auto index = torch::empty({std::ssize(taken)}, torch::kInt64);
  auto mirrored = torch::empty({std::ssize(taken), 1, 1, 1}, torch::kBool);
  for (int64_t i = 0; i < std::ssize(taken); ++i) {
    index.data_ptr<int64_t>()[i] = taken[i].image;
    mirrored.data_ptr<bool>()[i] = taken[i].mirrored;
  }
  const Tensor images = rows(index);
  return mirrored.any().item<bool>() ? torch::where(mirrored, images.flip(3), images) : images;
}

}  // namespace

ImageShape image_shape(const DataInfo& data, const std::string& kind) {
  if (data.shape.size() != 3) {
    throw usage_error(fmt::format("{}: needs images [C,H,W], but the samples of '{}' are [{}]", kind, data.name,
                                  join(data.shape, ",")));
  }
  return {data.shape[0], data.shape[1], data.shape[2]};
}

TrainingImages::TrainingImages(const DataSource& data, const TrainingOptions& options) {
  const DataInfo& info = data.info();
  shape_ = image_shape(info, "patches");
  if (options.per_class && info.label_dim == 0) {
    throw usage_error(fmt::format("per=class: '{}' has no labels; leave it out, or give data with labels", info.name));
  }
  arrange(info.count, [&](const Tensor& index) { return data.rows(index); }, torch::kFloat32, options, data.labels(),
          info.label_dim);
}

TrainingImages::TrainingImages(const Tensor& images, const TrainingOptions& options, const Tensor& labels,
                               int64_t classes) {
  check(images.dim() == 4 && images.numel() > 0 &&
            (images.scalar_type() == torch::kFloat32 || images.scalar_type() == torch::kFloat64),
        "training images are [N,C,H,W], float32 or float64");
  shape_ = {images.size(1), images.size(2), images.size(3)};
  arrange(images.size(0), [&](const Tensor& index) { return images.index_select(0, index); }, images.scalar_type(),
          options, labels, classes);
}

void TrainingImages::arrange(int64_t count, const Rows& rows, torch::ScalarType dtype, const TrainingOptions& options,
                             const Tensor& labels, int64_t classes) {
  const TakenParts taken = options.per_class ? parts_by_class(labels, classes, options, class_parts_)
                                             : parts_in_order(count, options);
  int64_t groups = 0;
  for (const auto& part : taken) {
    parts_.push_back({groups, std::ssize(part)});
    groups += parts_.back().groups();
    count_ += std::ssize(part);
  }
  const int64_t values = shape_.values(), size = dtype == torch::kFloat32 ? 4 : 8;
  check_memory(groups * kSideBySide, shape_, size);
  lanes_ = torch::empty({groups, values, kSideBySide}, dtype);
  auto sum = torch::zeros({values}, torch::kFloat64), squares = torch::zeros({values}, torch::kFloat64);
  for (size_t p = 0; p < taken.size(); ++p) {
    for (int64_t group = 0; group < parts_[p].groups(); group += kGroupsReadAtOnce) {
      stop_if_interrupted();
      const int64_t first = group * kSideBySide;
      const int64_t images = std::min(kGroupsReadAtOnce * kSideBySide, parts_[p].images - first);
      const Tensor block = taken_rows(std::span(taken[p]).subspan(first, images), rows).reshape({images, values});
      const Tensor wide = block.to(torch::kFloat64);
      sum += wide.sum(0);
      squares += wide.square().sum(0);
      largest_ = std::max(largest_, wide.abs().max().item<double>());
      const int64_t read = (images + kSideBySide - 1) / kSideBySide;
      const Tensor padded = torch::cat({block, block.narrow(0, 0, 1).expand({read * kSideBySide - images, values})});
      lanes_.narrow(0, parts_[p].first_group + group, read)
          .copy_(padded.reshape({read, kSideBySide, values}).transpose(1, 2));
    }
  }
  const auto total = static_cast<double>(count_);
  mean_ = sum / total;
  mean_square_ = squares.sum().item<double>() / total / static_cast<double>(values);
  total_variance_ = std::max(0.0, (squares / total - mean_.square()).sum().item<double>());
}

std::span<const ImagePart> TrainingImages::parts(int64_t label) const {
  const auto [first, end] = class_parts_.at(static_cast<size_t>(label));
  return std::span(parts_).subspan(first, end - first);
}

std::vector<ImagePart> shards_of(std::span<const ImagePart> parts, int64_t groups, int64_t most) {
  int64_t all = 0;
  for (const ImagePart& part : parts) all += part.groups();
  const int64_t size = std::max(groups, (all + most - 1) / most);
  std::vector<ImagePart> shards;
  for (const ImagePart& part : parts) {
    for (int64_t group = 0; group < part.groups(); group += size) {
      shards.push_back({part.first_group + group, std::min(size * kSideBySide, part.images - group * kSideBySide)});
    }
  }
  return shards;
}

}  // namespace farfield
