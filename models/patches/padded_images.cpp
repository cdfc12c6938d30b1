#include "models/patches/padded_images.h"

#include <type_traits>

namespace farfield {

template <class Scalar>
PaddedImages<Scalar>::PaddedImages(const ImageShape& shape, int64_t reach, bool wraps, double shift, int64_t images)
    : shape_(shape), reach_(reach), shift_(shift) {
  numbers_ = torch::empty({images * image_stride()}, std::is_same_v<Scalar, float> ? torch::kFloat32 : torch::kFloat64);
  for (int64_t i = -reach; i < shape.height + reach; ++i) {
    const int64_t row = (i + reach * shape.height) % shape.height;
    for (int64_t j = -reach; j < shape.width + reach; ++j) {
      const int64_t column = (j + reach * shape.width) % shape.width;
      const bool there = wraps || (row == i && column == j);
      pixels_.push_back(there ? static_cast<int32_t>(row * shape.width + column) : -1);
    }
  }
}

template <class Scalar>
template <class Read>
void PaddedImages<Scalar>::fill(int64_t place, const Read& read) {
  Scalar* out = numbers_.template data_ptr<Scalar>() + place * image_stride();
  for (int64_t c = 0; c < shape_.channels; ++c) {
    for (const int32_t pixel : pixels_) {
      *out++ = static_cast<Scalar>((pixel < 0 ? 0 : read(c * shape_.pixels() + pixel)) - shift_);
    }
  }
}

template <class Scalar>
void PaddedImages<Scalar>::set(int64_t place, const double* image) {
  fill(place, [&](int64_t number) { return image[number]; });
}

template <class Scalar>
void PaddedImages<Scalar>::set(int64_t place, const TrainingImages& images, int64_t group, int64_t lane) {
  images.visit([&](const auto* lanes) {
    const auto* first = lanes + group * images.shape().values() * kSideBySide + lane;
    fill(place, [&](int64_t number) { return static_cast<double>(first[number * kSideBySide]); });
  });
}

template class PaddedImages<float>;
template class PaddedImages<double>;

}  // namespace farfield
