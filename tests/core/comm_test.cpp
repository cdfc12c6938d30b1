// Groups of processes: the group of one, and that of threads with which the other tests run their ranks.
#include "core/comm.h"

#include <cstdlib>
#include <map>

#include <gtest/gtest.h>

#include "core/comm_transport.h"
#include "core/error.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_group.h"

namespace farfield {
namespace {

void use_every_call(Comm& comm) {
  const int rank = comm.rank(), size = comm.size();
  auto values = torch::arange(3, torch::kFloat64) + rank;
  comm.sum(values);
  EXPECT_TRUE(values.equal(torch::arange(3, torch::kFloat64) * size + size * (size - 1) / 2));
  values.fill_(rank);
  comm.broadcast(values, size - 1);
  EXPECT_TRUE(values.eq(size - 1).all().item<bool>());
  const auto all = comm.gather(torch::full({2}, rank, torch::kInt64));
  EXPECT_TRUE(all.equal(torch::arange(size, torch::kInt64).unsqueeze(1).expand({size, 2})));
  EXPECT_EQ(comm.broadcast_text("from rank " + std::to_string(rank), size - 1),
            "from rank " + std::to_string(size - 1));
  EXPECT_TRUE(comm.any(rank == size - 1));
  EXPECT_FALSE(comm.any(false));
  comm.wait_for_all();
}

TEST(Comm, EveryCallWorksInAGroupOfOneAndOfThreads) {
  use_every_call(*make_group_of_one());
  for (const int size : {1, 2, 3}) test::run_ranks(size, use_every_call);
}

TEST(Comm, OnOneMachineItKeepsToSharedMemoryUnlessTheUserChose) {
  struct Row {
    std::map<std::string, std::string> given, expected;
  };
  const std::vector<Row> rows = {
      {{}, {{"OMPI_MCA_pml", "ob1"}, {"OMPI_MCA_btl", "self,vader"}, {"NCCL_SOCKET_IFNAME", "lo"}}},
      {{{"OMPI_MCA_btl", "self,tcp"}}, {{"OMPI_MCA_btl", "self,tcp"}, {"NCCL_SOCKET_IFNAME", "lo"}}},
      {{{"OMPI_MCA_pml", "ucx"}, {"NCCL_SOCKET_IFNAME", "ib0"}},
       {{"OMPI_MCA_pml", "ucx"}, {"NCCL_SOCKET_IFNAME", "ib0"}}}};
  for (const auto& row : rows) {
    for (const char* name : {"OMPI_MCA_pml", "OMPI_MCA_btl", "NCCL_SOCKET_IFNAME"}) unsetenv(name);
    for (const auto& [name, value] : row.given) setenv(name.c_str(), value.c_str(), 1);
    launch::keep_to_this_machine();
    for (const char* name : {"OMPI_MCA_pml", "OMPI_MCA_btl", "NCCL_SOCKET_IFNAME"}) {
      const char* got = std::getenv(name);
      EXPECT_EQ(got == nullptr ? "" : got, row.expected.contains(name) ? row.expected.at(name) : "") << name;
      unsetenv(name);
    }
  }
}

TEST(Comm, ARankOfThreadsThatFailsEndsTheOthersWithItsError) {
  for (const int failing : {0, 1, 2}) {
    int went_on = 0;
    const auto error = test::error_of([&] {
      test::run_ranks(3, [&](Comm& comm) {
        comm.wait_for_all();
        if (comm.rank() == failing) throw numeric_error("rank " + std::to_string(failing));
        comm.wait_for_all();
        ++went_on;
      });
    });
    EXPECT_EQ(error->code(), ExitCode::kNumeric);
    EXPECT_EQ(error->what(), "rank " + std::to_string(failing));
    EXPECT_EQ(went_on, 0);
  }
}

}  // namespace
}  // namespace farfield
