#include "train/gradient_exchange.h"

#include <algorithm>

#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

namespace farfield {
namespace {

// About eight buckets a step, so that seven of them can leave before backward ends; small ones would pay for latency,
// large ones start late.
int64_t bucket_elements(int64_t all) { return std::clamp<int64_t>(all / 8, (int64_t{1} << 18), int64_t{6} << 20); }

}  // namespace

class GradientExchange::Hook : public torch::autograd::PostAccumulateGradHook {
 public:
  Hook(GradientExchange& exchange, size_t bucket) : exchange_(exchange), bucket_(bucket) {}
  void operator()(const torch::autograd::Variable&) override { exchange_.arrived(bucket_); }

 private:
  GradientExchange& exchange_;
  size_t bucket_;
};

GradientExchange::GradientExchange(FlatParameters& parameters, Comm& comm) : parameters_(parameters), comm_(comm) {
  if (comm.size() == 1) return;
  const auto& slots = parameters.slots();
  const int64_t wanted = bucket_elements(parameters.values().numel());
  int64_t end = parameters.values().numel();
  int count = 0;
  for (size_t i = slots.size(); i-- > 0;) {
    torch::autograd::impl::set_post_acc_grad_hooks(parameters.parameter(i),
                                                   std::make_unique<Hook>(*this, buckets_.size()));
    ++count;
    if (end - slots[i].offset < wanted && i > 0) continue;
    buckets_.push_back({slots[i].offset, end - slots[i].offset, count});
    end = slots[i].offset;
    count = 0;
  }
}

GradientExchange::~GradientExchange() {
  if (comm_.size() == 1) return;
  for (size_t i = 0; i < parameters_.slots().size(); ++i) {
    torch::autograd::impl::set_post_acc_grad_hooks(parameters_.parameter(i), nullptr);
  }
}

void GradientExchange::begin() {
  begun_ = true;
  for (auto& bucket : buckets_) bucket.missing = bucket.parameters;
}

void GradientExchange::arrived(size_t bucket) {
  if (!begun_) return;
  --buckets_[bucket].missing;
  while (sent_.size() < buckets_.size() && buckets_[sent_.size()].missing == 0) send_next();
}

void GradientExchange::send_next() {
  const Bucket& bucket = buckets_[sent_.size()];
  sent_.push_back(comm_.start_sum(parameters_.gradients().narrow(0, bucket.offset, bucket.size)));
}

void GradientExchange::finish() {
  while (sent_.size() < buckets_.size()) send_next();
  for (auto& sum : sent_) sum.get();
  sent_.clear();
  begun_ = false;
}

}  // namespace farfield
