#include "core/io/event_file.h"

#include <bit>
#include <cstdlib>
#include <cstring>
#include <map>

#include <gtest/gtest.h>

#include "core/io/file.h"
#include "core/io/image.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

template <class Number>
Number number_at(std::string_view bytes, size_t at) {
  Number number;
  std::memcpy(&number, bytes.data() + at, sizeof(number));
  return number;
}

// A decoder of its own: field -> its values, numbers as text in decimal, everything else as bytes.
using Fields = std::multimap<int, std::string>;

uint64_t varint(std::string_view& bytes) {
  uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.at(0));
    bytes.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}

Fields decode(std::string_view bytes) {
  Fields fields;
  while (!bytes.empty()) {
    const uint64_t key = varint(bytes);
    const int field = static_cast<int>(key >> 3), type = static_cast<int>(key & 7);
    if (type == 0) {
      fields.emplace(field, std::to_string(varint(bytes)));
      continue;
    }
    const size_t size = type == 1 ? 8 : type == 5 ? 4 : varint(bytes);
    fields.emplace(field, bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return fields;
}

// The events of a file; every checksum is compared.
std::vector<Fields> events_of(const std::filesystem::path& path) {
  const std::string bytes = read_file(path, 1 << 24);
  std::vector<Fields> events;
  for (size_t at = 0; at < bytes.size();) {
    const auto length = number_at<uint64_t>(bytes, at);
    EXPECT_EQ(number_at<uint32_t>(bytes, at + 8), masked_crc32c(bytes.substr(at, 8)));
    const std::string data = bytes.substr(at + 12, length);
    EXPECT_EQ(number_at<uint32_t>(bytes, at + 12 + length), masked_crc32c(data));
    events.push_back(decode(data));
    at += 16 + length;
  }
  return events;
}

// RFC 3720, appendix B.4, and the check value of the catalogue of CRCs.
TEST(EventFile, ChecksumsAreCastagnolis) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(masked_crc32c("123456789"), ((0xe3069283u >> 15) | (0xe3069283u << 17)) + 0xa282ead8u);
}

TEST(EventFile, HoldsWhatWasWritten) {
  test::TempDir folder;
  const auto path = folder / "events.out.tfevents.0";
  const std::string png = encode_png(torch::zeros({5, 300, 1}, torch::kUInt8));
  {
    EventFile file(path, 640);
    file.scalars(1280, {{"loss/all", 0.25}, {"a", -1e30}});
    file.picture(300, "preview", png);
  }
  const auto events = events_of(path);
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0].find(3)->second, "brain.Event:2");
  EXPECT_EQ(events[1].find(2)->second, "641");
  EXPECT_EQ(decode(events[1].find(7)->second).find(1)->second, "1");  // a session starts
  for (const auto& event : events) EXPECT_GT(number_at<double>(event.find(1)->second, 0), 1.6e9);

  EXPECT_EQ(events[2].find(2)->second, "1280");
  const Fields summary = decode(events[2].find(5)->second);
  ASSERT_EQ(summary.count(1), 2u);
  const Fields first = decode(summary.find(1)->second);
  EXPECT_EQ(first.find(1)->second, "loss/all");
  EXPECT_EQ(number_at<float>(first.find(2)->second, 0), 0.25f);

  const Fields value = decode(decode(events[3].find(5)->second).find(1)->second), image = decode(value.find(4)->second);
  EXPECT_EQ(value.find(1)->second, "preview");
  EXPECT_EQ(image.find(1)->second, "5");
  EXPECT_EQ(image.find(2)->second, "300");
  EXPECT_EQ(image.find(3)->second, "1");
  EXPECT_EQ(image.find(4)->second, png);
}

// What TensorBoard itself makes of a folder of two sessions, the second of which went on from step 20.
TEST(EventFile, TensorBoardReadsIt) {
  const auto python = test::python();
  if (!python || std::system((*python + " -c 'import tensorboard' 2>/dev/null").c_str()) != 0) {
    GTEST_SKIP() << "no python with the tensorboard package; scripts/setup installs it";
  }
  test::TempDir folder;
  const std::string png = encode_png(torch::full({5, 30, 3}, 7, torch::kUInt8));
  {
    EventFile file(folder / "events.out.tfevents.000000000000", 0);
    for (const int64_t step : {10, 20, 30})
      file.scalars(step, {{"loss/all", step / 8.0}, {"loss/sigma 0 to inf", -1e30}});
    file.picture(20, "preview", png);
    file.picture(30, "preview", png);
  }
  {
    EventFile file(folder / "events.out.tfevents.000000000020", 20);
    file.scalars(int64_t{1} << 40, {{"loss/all", 0.5}});
  }
  write_file_atomically(folder / "read.py", R"(
import sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "images": 0}).Reload()
for tag in sorted(events.Tags()["scalars"]):
    print(tag, [(event.step, event.value) for event in events.Scalars(tag)])
for tag in events.Tags()["images"]:
    print(tag, [(event.step, event.width, event.height, event.encoded_image_string.hex()) for event in events.Images(tag)])
)");
  const std::string out = folder / "out";
  ASSERT_EQ(std::system((*python + " " + (folder / "read.py").string() + " " + folder.path().string() + " >" + out +
                         " 2>" + out + ".err")
                            .c_str()),
            0)
      << read_file(out + ".err", 1 << 20);
  std::string hex;
  for (const unsigned char byte : png) hex += {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
  EXPECT_EQ(read_file(out, 1 << 20),
            "loss/all [(10, 1.25), (20, 2.5), (1099511627776, 0.5)]\n"
            "loss/sigma 0 to inf [(10, -1.0000000150474662e+30), (20, -1.0000000150474662e+30)]\n"
            "preview [(20, 30, 5, '" +
                hex + "')]\n");
}

TEST(EventFile, AFolderThatIsNotThereIsAnError) {
  test::TempDir folder;
  EXPECT_EQ(test::error_of([&] { EventFile(folder / "no/events", 0); })->code(), ExitCode::kIo);
}

}  // namespace
}  // namespace farfield
