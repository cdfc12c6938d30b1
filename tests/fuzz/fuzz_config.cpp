#include "core/config/config.h"
#include "tests/fuzz/fuzz.h"

using namespace farfield;

// YAML, through every kind of getter and the resolved text.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string yaml(fuzz::text_of(data, size));
  const auto refuse = [&](auto&& read) { fuzz::read_or_refuse(read, ExitCode::kUsage); };
  refuse([&] {
    const Config config = Config::from_text(yaml, "fuzz.yaml");
    refuse([&] { config.number("a", 1); });
    refuse([&] { config.integer("b", 1); });
    refuse([&] { config.flag("c", true); });
    refuse([&] { config.text("d", ""); });
    refuse([&] { config.numbers("e", {}); });
    refuse([&] { config.integers("f", {}); });
    refuse([&] { config.section("g").choice("x", "one", {"one", "two"}); });
    config.resolved();
    config.finish();
  });
  return 0;
}
