#include "core/data/loader.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <numeric>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/math/random.h"

namespace farfield {
namespace {

constexpr uint64_t kOrderKey = 0x6f72646572;  // "order": keeps this stream apart from other uses of the seed

// Maps positions of the endless stream to samples; remembers the two epochs a batch can touch without recomputing.
class Order {
 public:
  Order(uint64_t seed, int64_t count) : seed_(seed), count_(count) {}

  int64_t sample(int64_t position) { return epoch(position / count_)[position % count_]; }

 private:
  const std::vector<int64_t>& epoch(int64_t wanted) {
    for (const auto& known : recent_) {
      if (known.first == wanted) return known.second;
    }
    if (recent_.size() == 2) recent_.pop_front();
    return recent_.emplace_back(wanted, epoch_order(seed_, wanted, count_)).second;
  }

  uint64_t seed_;
  int64_t count_;
  std::deque<std::pair<int64_t, std::vector<int64_t>>> recent_;
};

}  // namespace

std::vector<int64_t> epoch_order(uint64_t seed, int64_t epoch, int64_t count) {
  std::vector<int64_t> order(count);
  std::iota(order.begin(), order.end(), int64_t{0});
  SplitMix64 random(mix_key({kOrderKey, seed, static_cast<uint64_t>(epoch)}));
  for (int64_t left = count; left > 1; --left) std::swap(order[left - 1], order[random.below(left)]);
  return order;
}

void Loader::Options::validate() const {
  if (batch < 1) throw usage_error(fmt::format("batch: got {}, expected at least 1", batch));
  if (start_images < 0) throw usage_error(fmt::format("start_images: got {}, expected at least 0", start_images));
  if (world < 1 || rank < 0 || rank >= world) {
    throw usage_error(fmt::format("rank: got {} of {}, expected 0 to world - 1", rank, world));
  }
  if (batch % world != 0) {
    throw usage_error(fmt::format("batch: got {} for {} ranks, expected a multiple of the ranks", batch, world));
  }
}

struct Loader::State {
  State(std::shared_ptr<const DataSource> source, const Options& wanted)
      : data(std::move(source)), options(wanted), order(wanted.seed, data->info().count), first(wanted.start_images) {}

  Batch make() {
    std::vector<int64_t> positions, samples;
    for (int64_t offset = options.rank; offset < options.batch; offset += options.world) {
      positions.push_back(first + offset);
      samples.push_back(order.sample(first + offset));
    }
    first += options.batch;
    const auto index = torch::tensor(samples, torch::kInt64);
    return {data->rows(index), data->one_hot(index), torch::tensor(positions, torch::kInt64)};
  }

  void read_ahead() {
    for (;;) {
      {
        std::unique_lock lock(mutex);
        room.wait(lock, [this] { return stop || std::ssize(ready) < kReadAhead; });
        if (stop) return;
      }
      try {
        Batch batch = make();
        const std::lock_guard lock(mutex);
        ready.push_back(std::move(batch));
      } catch (...) {
        const std::lock_guard lock(mutex);
        failure = std::current_exception();
      }
      filled.notify_one();
      if (failure) return;
    }
  }

  std::shared_ptr<const DataSource> data;
  Options options;
  Order order;    // used by the reading thread alone, as is `first`
  int64_t first;  // position of the next global batch
  std::mutex mutex;
  std::condition_variable room, filled;
  std::deque<Batch> ready;
  std::exception_ptr failure;
  bool stop = false;
  std::thread thread;
};

Loader::Loader(std::shared_ptr<const DataSource> data, const Options& options) {
  options.validate();
  state_ = std::make_unique<State>(std::move(data), options);
  state_->thread = std::thread([state = state_.get()] { state->read_ahead(); });
}

Loader::~Loader() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stop = true;
  }
  state_->room.notify_one();
  state_->thread.join();
}

Batch Loader::next() {
  std::unique_lock lock(state_->mutex);
  state_->filled.wait(lock, [this] { return state_->failure || !state_->ready.empty(); });
  if (state_->ready.empty()) std::rethrow_exception(state_->failure);
  Batch batch = std::move(state_->ready.front());
  state_->ready.pop_front();
  lock.unlock();
  state_->room.notify_one();
  return batch;
}

}  // namespace farfield
