#include "core/data/array_labels.h"

#include <c10/util/accumulate.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "core/data/text_classes.h"
#include "core/error.h"
#include "core/io/npz_reader.h"
#include "core/limits.h"
#include "core/text.h"

namespace farfield {
namespace {

// Entry `place` of a list of numbers, as a message shows it.
std::string entry_text(const torch::Tensor& list, int64_t place) {
  if (list.scalar_type() == torch::kUInt64) return fmt::format("{}", list.const_data_ptr<uint64_t>()[place]);
  if (list.is_floating_point()) return format_double(list[place].item<double>());
  return fmt::format("{}", list[place].to(torch::kInt64).item<int64_t>());
}

// Where a list of numbers holds no class; a uint64 above 2^63 turns negative.
torch::Tensor out_of_range(const torch::Tensor& list) {
  if (list.is_floating_point()) {
    const auto values = list.to(torch::kFloat64);
    return (values.ge(0) & values.lt(limits::kMostClasses) & values.eq(values.floor())).logical_not();
  }
  const auto values = list.to(torch::kInt64);
  return values.lt(0) | values.ge(limits::kMostClasses);
}

int64_t first_of(const torch::Tensor& mask) { return mask.nonzero()[0][0].item<int64_t>(); }

void take_numbers(const torch::Tensor& list, const std::string& where, RawSamples& raw) {
  if (list.scalar_type() != torch::kBool && list.to(torch::kFloat64).eq(-1).all().item<bool>()) return;
  if (const auto wrong = out_of_range(list); wrong.any().item<bool>()) {
    const int64_t place = first_of(wrong);
    throw bad_file(where, fmt::format("the label of sample {} is {}, expected a class, a whole number from 0 to {}",
                                      place, entry_text(list, place), limits::kMostClasses - 1));
  }
  raw.labels = list.to(torch::kInt64);
  raw.label_dim = raw.labels.max().item<int64_t>() + 1;
}

void take_one_hot(const torch::Tensor& rows, const std::string& where, RawSamples& raw) {
  if (rows.size(1) > limits::kMostClasses) {
    throw bad_file(where, fmt::format("rows of {} classes, expected at most {}", rows.size(1), limits::kMostClasses));
  }
  const auto ones = rows.eq(1);
  const auto wrong = ones.sum(1).ne(1) | (ones | rows.eq(0)).all(1).logical_not();
  if (wrong.any().item<bool>()) {
    throw bad_file(where, fmt::format("the label of sample {} is a row of {} that is not one-hot; expected a class for "
                                      "each sample ([N] or [N,1]) or one-hot rows",
                                      first_of(wrong), rows.size(1)));
  }
  raw.labels = ones.to(torch::kUInt8).argmax(1);
  raw.label_dim = rows.size(1);
}

void take_texts(const NpyContent& array, const std::string& where, RawSamples& raw) {
  auto texts = number_texts(texts_of(array, where), where, "different texts");
  raw.labels = torch::tensor(texts.classes, torch::kInt64);
  raw.label_dim = std::ssize(texts.names);
  raw.notes.label_names = std::move(texts.names);
}

}  // namespace

void take_array_labels(const NpyContent& array, const std::string& where, RawSamples& raw) {
  const int64_t count = raw.samples.size(0);
  const auto shape = array.texts ? array.values.sizes().slice(0, array.values.dim() - 1) : array.values.sizes();
  const int64_t entries = c10::multiply_integers(shape);
  const bool one_each = !shape.empty() && shape[0] == count && entries == count;
  if (array.texts && one_each) return take_texts(array, where, raw);
  if (!array.texts && one_each) return take_numbers(array.values.reshape({count}), where, raw);
  const bool rows = shape.size() == 2 && shape[0] == count && entries > 0;
  if (!array.texts && rows) return take_one_hot(array.values, where, raw);
  throw bad_file(where, fmt::format("got labels of shape {} for {} samples, expected a class or text for each ([N] or "
                                    "[N,1]) or one-hot rows [N,K]",
                                    fmt::streamed(shape), count));
}

}  // namespace farfield
