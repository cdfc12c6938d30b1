#include "models/patches/level_cache.h"

#include <algorithm>
#include <list>
#include <mutex>

namespace farfield {
namespace {

struct KeptMeans {
  std::mutex mutex;
  std::list<std::pair<double, std::shared_ptr<const FilteredMeans>>> last;  // latest first
};

}  // namespace

MeansAtLevel kept_means(MeansAtLevel means, size_t levels) {
  const auto kept = std::make_shared<KeptMeans>();
  return [kept, levels, means = std::move(means)](double sigma) {
    const std::lock_guard lock(kept->mutex);
    auto& last = kept->last;
    const auto found = std::ranges::find(last, sigma, [](const auto& item) { return item.first; });
    if (found != last.end()) {
      last.splice(last.begin(), last, found);
    } else {
      last.emplace_front(sigma, means(sigma));
      if (last.size() > levels) last.pop_back();
    }
    return last.front().second;
  };
}

}  // namespace farfield
