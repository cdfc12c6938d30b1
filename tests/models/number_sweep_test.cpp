// Every number of the files and texts that models are described by, with every hostile number in its place.
#include <map>
#include <set>

#include "core/data/source.h"
#include "core/io/file.h"
#include "models/networks/checkpoint_manifest.h"
#include "models/networks/native_model.h"
#include "models/registry/model_registry.h"
#include "models/registry/reference_registry.h"
#include "tests/support/hostile_numbers.h"
#include "tests/support/reference_calls.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

TEST(NumberSweep, ConfigsOfNativeModels) {
  test::NumberSweep sweep(ExitCode::kBadFile);
  for (const char* type : {"SongUNet", "DhariwalUNet", "PointMlp"}) {
    ModelConfig config;
    config.network = NetworkConfig::defaults(type);
    config.sigma_min = 0.002;
    config.sigma_max = 80;
    for (const auto& text : test::with_hostile_numbers(config.json())) {
      sweep(text, [&] { ModelConfig::parse("edm", text, "m.safetensors"); });
    }
  }
}

TEST(NumberSweep, ListsOfCheckpoints) {
  const test::TempDir run;
  CheckpointManifest manifest;
  manifest.states = {{"states/a", 3, "00"}};
  manifest.snapshots = {{"snapshots/a", 3, "00"}};
  manifest.averages["power-0.1"] = {{"averages/a", 3, "00"}};
  write_checkpoint_manifest(run.path(), manifest);
  const auto whole = read_file(run / "checkpoints.json", 1 << 20);
  test::NumberSweep sweep(ExitCode::kBadFile);
  for (const auto& text : test::with_hostile_numbers(whole)) {
    write_file_atomically(run / "checkpoints.json", text);
    sweep(text, [&] { read_checkpoint_manifest(run.path()); });
  }
}

TEST(NumberSweep, OptionsOfReferences) {
  const auto data = open_data("glyphs,size=8,count=40");
  const std::set<std::string> files = {"table=", "heat="};  // name files
  test::NumberSweep sweep;
  for (const ReferenceKind& kind : reference_table()) {
    for (const std::string& option : kind.options) {
      if (!option.ends_with('=') || files.contains(option)) continue;
      std::string base = kind.name;
      for (const auto& [key, value] : test::needed_options(kind.name, data->info().shape)) {
        if (option != key + "=") base += "," + key + "=" + value;
      }
      for (const auto& number : test::hostile_numbers()) {
        const std::string text = base + "," + option + number;
        sweep(text, [&] { open_model(text, {.data = data}); });
      }
    }
  }
}

}  // namespace
}  // namespace farfield
