// Reads every source of the project: includes flow one way, files stay short, third parties stay behind their walls.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {
namespace fs = std::filesystem;

// Folder -> the folders it may include from (besides itself).
const std::map<std::string, std::set<std::string>> kMayInclude = {
    {"core", {}},
    {"models", {"core"}},
    {"samplers", {"core", "models"}},
    {"analysis", {"core", "models", "samplers"}},
    {"train", {"core", "models", "samplers"}},
    {"tools", {"core", "models", "samplers", "analysis", "train"}},
};

// Third-party include prefix -> the only sources that may have it.
const std::map<std::string, std::set<std::string>> kWalls = {
    {"opencv2/", {"core/io/image_codec.cpp", "core/io/picture_filters.cpp", "core/io/picture_text.cpp"}},
    {"yaml-cpp/", {"core/config/config_tree.cpp"}},
    {"spdlog/", {"core/log.cpp"}},
    {"zip.h", {"core/io/zip.cpp", "core/io/file_kind.cpp"}},
    {"mpi.h", {"core/comm_mpi.cpp"}},
    {"torch/csrc/distributed/", {"core/comm_nccl.cpp"}},
};

// Headers that speak a library's types, between sources of one folder.
const std::set<std::string> kSeams = {"tools/command.h", "tools/number_option.h"};

// samplers/ sees this much of models/ and no more.
const std::set<std::string> kWaist = {"models/denoiser.h", "models/counting.h", "models/operators/operator.h",
                                      "models/restoration/posterior_denoiser.h"};

using Graph = std::map<std::string, std::set<std::string>>;

struct Include {
  std::string file, folder, target;
  bool ours;  // "..." rather than <...>
};

std::string first_folder(const std::string& path) { return path.substr(0, path.find('/')); }

std::vector<std::string> sources() {
  const fs::path root = FARFIELD_SOURCE_DIR;
  std::vector<std::string> files;
  for (const auto& [folder, allowed] : kMayInclude) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const auto extension = entry.path().extension();
      if (extension == ".h" || extension == ".cpp") files.push_back(fs::relative(entry.path(), root).string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<Include> includes_of(const std::string& file) {
  std::vector<Include> found;
  std::ifstream stream(fs::path(FARFIELD_SOURCE_DIR) / file);
  for (std::string line; std::getline(stream, line);) {
    if (line.rfind("#include", 0) != 0) continue;
    const size_t begin = line.find_first_of("\"<"), end = line.find_last_of("\">");
    found.push_back({file, first_folder(file), line.substr(begin + 1, end - begin - 1), line[begin] == '"'});
  }
  return found;
}

// A header and the source of the same name.
std::string unit_of(const std::string& file) { return file.substr(0, file.rfind('.')); }
std::string room_of(const std::string& file) { return file.substr(0, file.rfind('/')); }

// Who includes whom, each file named by `part_of`.
template <class Part>
Graph graph_of(Part part_of) {
  Graph graph;
  for (const auto& file : sources()) {
    for (const auto& include : includes_of(file)) {
      if (include.ours && part_of(file) != part_of(include.target))
        graph[part_of(file)].insert(part_of(include.target));
    }
  }
  return graph;
}

// Removes what includes nothing that is left, until nothing can be removed: what stays has a way back to itself.
Graph cycles_of(Graph graph) {
  for (bool removed = true; removed;) {
    removed = false;
    for (auto node = graph.begin(); node != graph.end();) {
      std::erase_if(node->second, [&](const std::string& target) { return graph.count(target) == 0; });
      const bool ends = node->second.empty();
      node = ends ? graph.erase(node) : std::next(node);
      removed |= ends;
    }
  }
  return graph;
}

std::string words(const Graph& graph) {
  std::string text;
  for (const auto& [from, targets] : graph) {
    for (const auto& to : targets) text += "\n  " + from + " -> " + to;
  }
  return text;
}

TEST(Layering, CyclesAreFound) {
  EXPECT_TRUE(cycles_of({{"a", {"b", "c"}}, {"b", {"c"}}}).empty());
  EXPECT_EQ(cycles_of({{"a", {"b"}}, {"b", {"c"}}, {"c", {"b"}}}).count("b"), 1u);
}

TEST(Layering, RoomsSeeOneAnotherOneWay) {
  const Graph rooms = graph_of(room_of);
  ASSERT_GT(rooms.size(), 15u);
  EXPECT_TRUE(cycles_of(rooms).empty()) << words(cycles_of(rooms));
}

TEST(Layering, UnitsHaveNoCycles) {
  const Graph cycles = cycles_of(graph_of(unit_of));
  EXPECT_TRUE(cycles.empty()) << words(cycles);
}

TEST(Layering, IncludesFlowOneWay) {
  const auto files = sources();
  ASSERT_GT(files.size(), 20u);
  for (const auto& file : files) {
    for (const auto& include : includes_of(file)) {
      if (!include.ours) continue;
      const auto target = first_folder(include.target);
      EXPECT_TRUE(kMayInclude.count(target) == 1)
          << file << " includes \"" << include.target << "\", not rooted at a folder";
      const bool down = target == include.folder || kMayInclude.at(include.folder).count(target) == 1;
      EXPECT_TRUE(down) << file << " includes " << include.target << ": upward or sideways";
      if (include.folder == "samplers" && target == "models") {
        EXPECT_TRUE(kWaist.count(include.target) == 1)
            << file << " includes " << include.target << ": not in the waist";
      }
    }
  }
}

TEST(Layering, ThirdPartiesStayBehindTheirWalls) {
  for (const auto& file : sources()) {
    for (const auto& include : includes_of(file)) {
      for (const auto& [prefix, allowed] : kWalls) {
        if (include.target.rfind(prefix, 0) == 0) {
          EXPECT_TRUE(allowed.count(file) == 1) << file << " includes " << include.target;
        }
      }
      const bool header = file.ends_with(".h") && kSeams.count(file) == 0;
      const bool forward = include.target == "nlohmann/json_fwd.hpp";
      for (const char* library : {"nlohmann/", "fmt/", "CLI/", "openssl/", "zlib.h"}) {
        EXPECT_FALSE(header && !forward && include.target.rfind(library, 0) == 0)
            << file << " includes " << include.target;
      }
    }
  }
}

TEST(Layering, FilesStayShort) {
  constexpr int kMostLines = 500;
  for (const auto& file : sources()) {
    std::ifstream stream(fs::path(FARFIELD_SOURCE_DIR) / file);
    int lines = 0;
    for (std::string line; std::getline(stream, line);) ++lines;
    EXPECT_LE(lines, kMostLines) << file;
  }
}

// LibTorch writing to a path aborts the process on a full disk: files are written by core/io/file alone.
TEST(Layering, LibTorchNeverWritesFiles) {
  for (const auto& file : sources()) {
    std::ifstream stream(fs::path(FARFIELD_SOURCE_DIR) / file);
    for (std::string line; std::getline(stream, line);) {
      EXPECT_EQ(line.find("torch::save("), std::string::npos) << file << ": " << line;
    }
  }
}

// A parser that takes duplicate keys, and a dump that throws on a path that is not UTF-8, are one call away.
TEST(Layering, JsonIsParsedAndDumpedInOnePlace) {
  for (const auto& file : sources()) {
    if (file == "core/io/json.cpp") continue;
    std::ifstream stream(fs::path(FARFIELD_SOURCE_DIR) / file);
    for (std::string line; std::getline(stream, line);) {
      for (const char* call : {"json::parse(", "Json::parse(", ".dump("}) {
        EXPECT_EQ(line.find(call), std::string::npos) << file << ": " << line;
      }
    }
  }
}

}  // namespace
