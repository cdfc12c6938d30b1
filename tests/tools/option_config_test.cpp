// --config FILE of every command: YAML of options, and the run.json of a finished run, from which a result is made again.
#include <atomic>
#include <regex>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/support/ranks.h"
#include "tests/tools/every_command.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;
using test::Arguments;
using test::CommandCase;
using test::put;
using test::run_farfield;
using test::text_of;
using test::Workplace;

constexpr const char* kModelConfig = "model: n.safetensors\nsteps: 2\nseeds: 0-3\nthreads: 1\n";

Arguments plus(Arguments words, const Arguments& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

CommandCase the_call(const std::string& name) {
  for (const auto& one : test::every_command()) {
    if (one.name == name) return one;
  }
  throw std::out_of_range(name);
}

// Two at a time: most of a call is the start of the program.
template <class Each>
void for_each_call(const std::vector<std::string>& names, Each each) {
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i = next++; i < names.size(); i = next++) each(names[i]);
  };
  std::thread second(work);
  work();
  second.join();
}

test::ProcessResult expect_success(const Arguments& call, const fs::path& place) {
  const auto result = run_farfield(call, {}, place.string());
  EXPECT_EQ(result.exit_code, 0) << join(call, " ") << ": " << result.err;
  return result;
}

test::ProcessResult expect_refusal(const Arguments& call, const Workplace& place, const std::string& words) {
  const auto before = place.names();
  const auto result = run_farfield(call, {}, place.path().string());
  EXPECT_EQ(result.exit_code, 2) << join(call, " ") << ": " << result.out;
  EXPECT_NE(result.err.find(words), std::string::npos) << result.err;
  EXPECT_EQ(place.names(), before);
  return result;
}

// What holds numbers alone: no times, no command lines.
bool is_result(const fs::path& file) {
  const std::string ending = file.extension().string();
  return ending == ".npz" || ending == ".csv" || ending == ".safetensors" ||
         (ending == ".json" && file.filename() != "run.json");
}

void expect_same_results(const fs::path& one, const fs::path& other) {
  int compared = 0;
  for (const auto& entry : fs::recursive_directory_iterator(one)) {
    const auto name = entry.path().lexically_relative(one);
    if (!is_result(name) || name.string().starts_with("states")) continue;
    EXPECT_EQ(text_of(entry.path()), text_of(other / name)) << other / name;
    ++compared;
  }
  EXPECT_GT(compared, 0) << one;
}

nlohmann::ordered_json options_of_run(const fs::path& run) {
  return nlohmann::ordered_json::parse(text_of(run / "run.json")).at("options");
}

TEST(OptionConfig, every_result_is_made_again_from_its_record) {
  for_each_call({"sample",   "encode",     "interpolate", "compare",  "study",      "restore",  "sweep",
                 "dynamics", "field",      "geometry",    "theory",   "deviation",  "features", "similarity",
                 "quality",  "neighbours", "modes",       "symmetry", "likelihood", "report"},
                [](const std::string& name) {
    const Workplace place;
    const auto call = the_call(name);
    expect_success(plus(call.arguments, {"--quiet"}), place.path());
    const auto command = call.arguments.front();
    expect_success({command, "--config", "new/run.json", "--out", "again", "--quiet"}, place.path());
    expect_same_results(place / "new", place / "again");
    EXPECT_EQ(options_of_run(place / "new"), options_of_run(place / "again")) << name;
  });
}

TEST(OptionConfig, a_schedule_search_is_made_again_from_its_report) {
  const Workplace place;
  expect_success(plus(the_call("schedule search").arguments, {"--report", "new"}), place.path());
  expect_success({"schedule", "search", "--config", "new/run.json", "--report", "again", "--out", "again.json"},
                 place.path());
  EXPECT_EQ(text_of(place / "new.json"), text_of(place / "again.json"));
  expect_same_results(place / "new", place / "again");
}

TEST(OptionConfig, a_solver_fit_is_made_again_from_its_record) {
  const Workplace place;
  expect_success(the_call("solver fit").arguments, place.path());
  expect_success({"solver", "fit", "--config", "new/run.json", "--out", "again"}, place.path());
  for (const char* file : {"table-3.json", "updates.csv", "rivals.csv", "places.csv", "teacher.npz", "fit.npz"})
    EXPECT_EQ(text_of(place / "new" / file), text_of(place / "again" / file)) << file;
}

TEST(OptionConfig, a_training_run_is_made_again_with_its_config_and_its_first_weights) {
  const Workplace place;
  expect_success({"train", "--config", "c.yaml", "--set", "run.seed=3", "--init", "n.safetensors", "--out", "one",
                  "--threads", "1", "--quiet"},
                 place.path());
  EXPECT_EQ(options_of_run(place / "one"),
            nlohmann::ordered_json({{"init", "n.safetensors"}, {"device", "auto"}, {"threads", 1}}));
  expect_success({"train", "--config", "one/run.json", "--out", "two", "--quiet"}, place.path());
  expect_same_results(place / "one/snapshots", place / "two/snapshots");
  EXPECT_EQ(text_of(place / "one/config.yaml"), text_of(place / "two/config.yaml"));
  expect_success({"train", "--config", "one/run.json", "--resume", "--out", "one", "--quiet"}, place.path());
}

// The same call with its options in a file.
std::pair<Arguments, std::string> in_yaml(const CommandCase& call) {
  const std::map<std::string, std::string> positional = {{"report", "RUN"}, {"inspect", "file"}, {"data stats", "SRC"}};
  const auto words = split(call.name, ' ');
  Arguments command(call.arguments.begin(), call.arguments.begin() + static_cast<int64_t>(words.size()));
  std::string yaml;
  for (size_t i = words.size(); i < call.arguments.size(); ++i) {
    const auto& word = call.arguments[i];
    const bool option = word.starts_with("--");
    yaml += fmt::format("{}: '{}'\n", option ? word.substr(2) : positional.at(call.name),
                        option ? call.arguments[++i] : word);
  }
  return {plus(command, {"--config", "o.yaml"}), yaml};
}

TEST(OptionConfig, options_in_a_file_are_those_on_the_line) {
  for_each_call({"fit gaussian", "ema", "data stats", "inspect"}, [](const std::string& name) {
    const Workplace one, other;
    const auto call = the_call(name);
    const auto [in_file, yaml] = in_yaml(call);
    put(other / "o.yaml", yaml);
    const auto on_line = expect_success(call.arguments, one.path());
    const auto from_file = expect_success(in_file, other.path());
    EXPECT_EQ(text_of(one / call.out), text_of(other / call.out)) << name;
    EXPECT_EQ(call.out.empty() ? on_line.out : "", call.out.empty() ? from_file.out : "") << name;
  });
}

std::set<std::string> words_in(const std::string& text, const std::regex& each) {
  std::set<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), each), end; at != end; ++at) found.insert((*at)[1]);
  return found;
}

// The keys that a command knows, by the list in its refusal of one that it does not.
std::set<std::string> keys_of(const std::string& name, const fs::path& place) {
  const auto refused = run_farfield(plus(split(name, ' '), {"--config", "no.yaml"}), {}, place.string());
  EXPECT_EQ(refused.exit_code, 2) << refused.err;
  EXPECT_NE(refused.err.find("no.yaml:1:1: unknown option of farfield " + name), std::string::npos) << refused.err;
  const size_t known = refused.err.find("known: ");
  return words_in(refused.err.substr(std::min(known, refused.err.size())),
                  std::regex("[ ,]([A-Za-z][a-z-]*|SRC|RUN)(?=[,\n])"));
}

TEST(OptionConfig, every_option_of_every_command_is_a_key) {
  const Workplace place;
  put(place / "no.yaml", "no-such-option: 1\n");
  const std::set<std::string> listed = {"sample", "schedule search",
                                        "schedule ablate"};  // the others: as they are called
  std::vector<std::string> names;
  for (const auto& call : test::every_command()) {
    if (call.name != "train") names.push_back(call.name);
  }
  for_each_call(names, [&](const std::string& name) {
    const std::string help = listed.contains(name) ? run_farfield(plus(split(name, ' '), {"--help"})).out
                                                   : "\n " + join(the_call(name).arguments, "\n ");
    auto options = words_in(help, std::regex("\n +--([a-z-]+)"));
    EXPECT_EQ(options.erase("config"), listed.count(name)) << name;
    for (const char* of_one_call : {"trust", "resume"}) options.erase(of_one_call);
    const auto known = keys_of(name, place.path());
    for (const auto& option : options) EXPECT_TRUE(known.contains(option)) << name << " --" << option;
  });
}

TEST(OptionConfig, the_command_line_wins) {
  const Workplace place;
  put(place / "o.yaml", std::string(kModelConfig) + "schedule: logsnr\nafs: true\ntrajectory: false\nout: elsewhere\n");
  expect_success({"sample", "--config", "o.yaml", "--steps", "4", "--afs=false", "--out", "new", "--quiet"},
                 place.path());
  const auto options = options_of_run(place / "new");
  EXPECT_EQ(options.at("steps"), 4);
  EXPECT_EQ(options.at("schedule"), "logsnr");
  EXPECT_FALSE(options.contains("afs") || options.contains("trajectory"));
  EXPECT_FALSE(fs::exists(place / "elsewhere"));
  put(place / "o.yaml", "model: n.safetensors\nschedule: logsnr\nseeds: 0\n");  // --sigmas excludes --schedule
  expect_success({"sample", "--config", "o.yaml", "--sigmas", "10,1,0", "--out", "listed", "--quiet"}, place.path());
  EXPECT_FALSE(options_of_run(place / "listed").contains("schedule"));
}

TEST(OptionConfig, every_fault_of_a_file_is_named_with_its_line) {
  const Workplace place;
  put(place / "o.yaml",
      "model: n.safetensors\nsigma_max: 70\nchurn:\ntrajectory: yes\nbatch: 0\nseeds: [1, 2]\ntrust: true\n"
      "guidance: {w: 2}\nconfig: o.yaml\n");
  const auto refused = expect_refusal(
      {"sample", "--config", "o.yaml", "--out", "new"}, place,
      "o.yaml:2:1: unknown option of farfield sample 'sigma_max'; did you mean 'sigma-max'?");
  for (const char* words :
       {"o.yaml:3:1: churn has no value", "o.yaml:4:1: trajectory must be true or false, got 'yes'",
        "o.yaml:5:1: --batch: got '0', expected a whole number", "o.yaml:6:1: seeds takes one value, got a list",
        "on the command line: '1,2'", "o.yaml:7:1: trust is said on the command line only (--trust)",
        "o.yaml:8:1: guidance must be a number or a text", "o.yaml:9:1: config is said on the command line only"}) {
    EXPECT_NE(refused.err.find(words), std::string::npos) << words << " in " << refused.err;
  }
}

TEST(OptionConfig, faults_that_show_later_name_their_place_too) {
  const Workplace place;
  put(place / "o.yaml", std::string(kModelConfig) + "sigmas: 80,1\n");
  expect_refusal({"sample", "--config", "o.yaml", "--out", "new"}, place, "(--steps: o.yaml:2:1)");
  put(place / "o.yaml", std::string(kModelConfig) + "sigmas: 80,1\nschedule: logsnr\n");
  expect_refusal({"sample", "--config", "o.yaml", "--out", "new"}, place, "--sigmas: o.yaml:5:1");
}

TEST(OptionConfig, a_hostile_file_is_refused_at_once) {
  const Workplace place;
  std::string many = "model: n.safetensors\n";
  for (int i = 0; i < 20'000; ++i) many += fmt::format("key-{}: 1\n", i);
  put(place / "o.yaml", many);
  const auto refused = expect_refusal({"sample", "--config", "o.yaml", "--out", "new"}, place,
                                      "o.yaml:2:1: unknown option");
  EXPECT_LE(std::count(refused.err.begin(), refused.err.end(), '\n'), 21);
  EXPECT_LT(refused.cpu_seconds, 2);
  std::string seeds = "0";
  for (int i = 1; i < 10'000; ++i) seeds += fmt::format(",{}", i);
  put(place / "o.yaml", "model: 'delta:moons,count=4'\nsteps: 1\nseeds: '" + seeds + "'\n");
  EXPECT_LT(expect_success({"sample", "--config", "o.yaml", "--out", "new", "--quiet"}, place.path()).cpu_seconds, 5);
}

TEST(OptionConfig, other_documents_are_refused) {
  const Workplace place;
  put(place / "o.yaml", "seeds: 0\nseeds: 1\n");
  expect_refusal({"sample", "--config", "o.yaml", "--out", "new"}, place, "o.yaml:2:1: key 'seeds' stands here twice");
  put(place / "o.yaml", "seeds: 0\n---\nseeds: 1\n");
  expect_refusal({"sample", "--config", "o.yaml", "--out", "new"}, place, "o.yaml:2:1: a second document");
  expect_refusal({"sample", "--config", "run/run.json", "--out", "new"}, place,
                 "run/run.json: is of farfield train; farfield sample takes the run.json of a run of its own");
  put(place / "run.json", "{\"command_line\": [\"farfield\", \"sample\", \"--seeds\", \"0-3\"], \"kind\": \"sample\"}");
  const auto old = expect_refusal({"sample", "--config", "run.json", "--out", "new"}, place,
                                  "its command line was: farfield sample --seeds 0-3");
  EXPECT_EQ(std::count(old.err.begin(), old.err.end(), '\n'), 1);
}

TEST(OptionConfig, a_changed_record_is_held_to_the_same_rules) {
  const Workplace place;
  put(place / "run.json",
      "{\n  \"command_line\": [\"a {[\\\"\"],\n  \"options\": {\n    \"seed\": 1,\n    \"steps\": true\n  },\n"
      "  \"kind\": \"sample\"\n}\n");
  const auto refused = expect_refusal({"sample", "--config", "run.json", "--out", "new"}, place,
                                      "run.json:4:5: unknown option of farfield sample 'seed'; did you mean 'seeds'?");
  EXPECT_NE(refused.err.find("run.json:5:5: --steps: got 'true'"), std::string::npos) << refused.err;
}

TEST(OptionConfig, what_a_config_names_is_never_replaced) {
  const Workplace place;
  put(place / "o.yaml", kModelConfig);
  expect_success({"sample", "--config", "o.yaml", "--out", "one", "--quiet"}, place.path());
  expect_refusal({"sample", "--config", "one/run.json", "--out", "one", "--force"}, place, "this call reads");
  expect_success({"encode", "--model", "n.safetensors", "--data", "glyphs,size=8,first=2", "--steps", "2", "--out",
                  "latents", "--quiet"},
                 place.path());
  put(place / "o.yaml", "model: n.safetensors\ndata: latents/latents.npz\n");
  expect_refusal({"encode", "--config", "o.yaml", "--out", "latents", "--force"}, place, "this call reads");
}

TEST(OptionConfig, an_input_that_has_changed_since_is_named) {
  const Workplace place;
  put(place / "levels.txt", "80\n1\n0\n");
  expect_success(
      {"sample", "--model", "n.safetensors", "--seeds", "0", "--schedule", "file:levels.txt", "--out", "one"},
      place.path());
  const Arguments again = {"sample", "--config", "one/run.json", "--out"};
  EXPECT_EQ(expect_success(plus(again, {"two"}), place.path()).err.find("warning"), std::string::npos);
  put(place / "levels.txt", "80\n2\n0\n");
  const auto warned = expect_success(plus(again, {"three"}), place.path());
  EXPECT_NE(warned.err.find("levels.txt: is not the schedule that the earlier run read"), std::string::npos)
      << warned.err;
  const auto meant = expect_success(plus(again, {"four", "--schedule", "polynomial"}), place.path());
  EXPECT_EQ(meant.err.find("warning"), std::string::npos) << meant.err;
}

TEST(OptionConfig, any_bytes_of_a_path_come_back) {
  const Workplace place;
  const std::string odd = "caf\xe9 \"a,b\"\n.safetensors";
  fs::copy_file(place / "n.safetensors", place / odd);
  fs::rename(place / "run", place / "r\xe9n");
  expect_success({"sample", "--model", odd, "--seeds", "0", "--steps", "2", "--out", "one", "--quiet"}, place.path());
  expect_success({"sample", "--config", "one/run.json", "--out", "two", "--quiet"}, place.path());
  expect_same_results(place / "one", place / "two");
  EXPECT_EQ(options_of_run(place / "one"), options_of_run(place / "two"));
  expect_success({"report", "r\xe9n", "--out", "three", "--quiet"}, place.path());
  expect_success({"report", "--config", "three/run.json", "--out", "four", "--quiet"}, place.path());
  expect_same_results(place / "three", place / "four");
}

TEST(OptionConfig, every_rank_reads_it) {
  const Workplace place;
  put(place / "o.yaml", kModelConfig);
  const auto command = test::ranks_command(2, {"sample", "--config", "o.yaml", "--out", "two", "--quiet"});
  if (!command) GTEST_SKIP() << "no MPI";
  expect_success({"sample", "--config", "o.yaml", "--out", "one", "--quiet"}, place.path());
  const auto result = test::run_program(*command, test::ranks_environment(), place.path().string());
  ASSERT_EQ(result.exit_code, 0) << result.err;
  expect_same_results(place / "one", place / "two");
}

}  // namespace
}  // namespace farfield
