#include "samplers/schedules/gits_file.h"
#include "samplers/schedules/noise_levels.h"

namespace farfield {
namespace {

// Indices into the 61 levels, of 3 to 10 evaluations: those whose levels, to four decimals, table 10 prints.
const std::vector<std::vector<int64_t>> kCifar10Edm = {
    {0, 27, 36, 60},
    {0, 24, 32, 40, 60},
    {0, 23, 31, 37, 44, 60},
    {0, 19, 27, 33, 39, 45, 60},
    {0, 18, 27, 33, 39, 45, 51, 60},
    {0, 19, 27, 32, 36, 40, 44, 49, 60},
    {0, 18, 26, 31, 35, 39, 43, 47, 52, 60},
    {0, 18, 26, 31, 35, 39, 42, 45, 49, 53, 60},
};

GitsFile cifar10_edm() {
  GitsFile file;
  file.model = "EDM's network of CIFAR-10";
  file.grid = "polynomial";
  file.levels = noise_levels({.schedule = "polynomial", .steps = 60, .final = "sigma_min"});
  for (const auto& indices : kCifar10Edm) {
    GitsSchedule schedule{static_cast<int64_t>(indices.size()) - 1, indices, {}, 0};
    for (const int64_t index : indices) schedule.levels.push_back(file.levels[index]);
    file.schedules.push_back(std::move(schedule));
  }
  return file;
}

}  // namespace

const GitsFile* built_in_gits(std::string_view name) {
  if (name != "cifar10-edm") return nullptr;
  static const GitsFile file = cifar10_edm();
  return &file;
}

}  // namespace farfield
