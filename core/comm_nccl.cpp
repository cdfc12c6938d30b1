#include "core/comm_launch.h"

#ifdef FARFIELD_HAS_NCCL

#include <unistd.h>

#include <ATen/Context.h>
#include <c10/util/intrusive_ptr.h>
#include <fmt/format.h>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "core/error.h"
#include "core/text.h"

namespace farfield::launch {
namespace {

std::string host_name() {
  char name[256] = {};
  gethostname(name, sizeof(name) - 1);
  return name;
}

// The root serves a store at a free port, where the ranks find one another; MPI tells them where.
c10::intrusive_ptr<c10d::Store> make_store(Comm& host) {
  c10d::TCPStoreOptions options;
  options.isServer = host.is_root();
  options.numWorkers = host.size();
  options.waitWorkers = false;
  options.port = 0;
  c10::intrusive_ptr<c10d::TCPStore> store;
  if (host.is_root()) store = c10::make_intrusive<c10d::TCPStore>(host_name(), options);
  const std::string address = host.broadcast_text(store ? fmt::format("{} {}", host_name(), store->getPort()) : "", 0);
  if (store) return store;
  const auto parts = split(address, ' ');
  options.port = static_cast<uint16_t>(parse_int(parts.at(1), "port"));
  return c10::make_intrusive<c10d::TCPStore>(parts.at(0), options);
}

// Tensors of a CUDA device go through NCCL on a stream of its own, others through `host`.
class NcclGroup : public Comm {
 public:
  explicit NcclGroup(std::shared_ptr<Comm> host)
      : Comm(host->rank(), host->size()),
        host_(std::move(host)),
        nccl_(c10::make_intrusive<c10d::ProcessGroupNCCL>(make_store(*host_), rank(), size())) {}

  std::future<void> start_sum(torch::Tensor values) override {
    if (!values.is_cuda()) return host_->start_sum(values);
    std::vector<torch::Tensor> tensors = {values};
    return std::async(std::launch::deferred, [work = nccl_->allreduce(tensors)] { work->wait(); });
  }

  void broadcast(torch::Tensor values, int root) override {
    if (!values.is_cuda()) return host_->broadcast(values, root);
    std::vector<torch::Tensor> tensors = {values};
    c10d::BroadcastOptions options;
    options.rootRank = root;
    nccl_->broadcast(tensors, options)->wait();
  }

  torch::Tensor gather(const torch::Tensor& values) override {
    if (!values.is_cuda()) return host_->gather(values);
    std::vector<int64_t> shape = {size()};
    shape.insert(shape.end(), values.sizes().begin(), values.sizes().end());
    auto all = torch::empty(shape, values.options()), mine = values.contiguous();
    nccl_->_allgather_base(all, mine)->wait();
    return all;
  }

 private:
  std::shared_ptr<Comm> host_;
  c10::intrusive_ptr<c10d::ProcessGroupNCCL> nccl_;
};

}  // namespace

std::string cuda_support() { return ", NCCL"; }

std::shared_ptr<Comm> with_cuda(std::shared_ptr<Comm> host) {
  return at::hasCUDA() ? std::make_shared<NcclGroup>(std::move(host)) : host;
}

}  // namespace farfield::launch

#else

namespace farfield::launch {

std::string cuda_support() { return ""; }
std::shared_ptr<Comm> with_cuda(std::shared_ptr<Comm> host) { return host; }

}  // namespace farfield::launch

#endif
