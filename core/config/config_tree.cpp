#include "core/config/config_tree.h"

#include <set>
#include <sstream>
#include <vector>

#include <fmt/format.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include "core/error.h"
#include "core/io/file.h"
#include "core/io/wrong_file.h"
#include "core/printable.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr size_t kMostBytes = 1 << 20;
constexpr int kMostDepth = 64;
constexpr int kMostNodes = 100'000;

// Copies yaml-cpp's graph into a tree; counts what aliases expand to, so that neither cycles nor bombs get through.
class Copier {
 public:
  Copier(const std::string& origin, bool positions) : origin_(origin), positions_(positions) {}

  ConfigValue copy(const YAML::Node& node, int depth) {
    ConfigValue value;
    value.where = where(node.Mark());
    if (depth > kMostDepth) throw usage_error(fmt::format("{}: nested deeper than {} levels", value.where, kMostDepth));
    if (++nodes_ > kMostNodes) throw usage_error(fmt::format("{}: more than {} values", value.where, kMostNodes));
    check_tag(node, value.where);
    switch (node.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null:
        break;
      case YAML::NodeType::Scalar:
        value.kind = ConfigValue::Kind::kScalar;
        value.text = text_of(node, value.where);
        value.quoted = node.Tag() == "!";
        break;
      case YAML::NodeType::Sequence:
        value.kind = ConfigValue::Kind::kList;
        for (const auto& item : node) value.items.push_back(copy(item, depth + 1));
        break;
      case YAML::NodeType::Map:
        copy_mapping(node, depth, value);
        break;
    }
    return value;
  }

 private:
  // Values are what their place takes; a tag that says otherwise (!!python/…) would be passed over.
  static void check_tag(const YAML::Node& node, const std::string& at) {
    static const std::set<std::string> kPlain = {"", "?", "!"};
    static const std::set<std::string> kCore = {"str", "int", "float", "bool", "null", "seq", "map"};
    constexpr std::string_view kPrefix = "tag:yaml.org,2002:";
    const std::string tag = node.Tag();
    if (kPlain.contains(tag) || (tag.starts_with(kPrefix) && kCore.contains(tag.substr(kPrefix.size())))) return;
    throw usage_error(fmt::format("{}: the tag {} has no meaning here; leave it out", at, quote(tag)));
  }

  void copy_mapping(const YAML::Node& node, int depth, ConfigValue& value) {
    value.kind = ConfigValue::Kind::kMapping;
    std::set<std::string> seen;
    for (const auto& field : node) {
      const std::string at = where(field.first.Mark());
      if (!field.first.IsScalar()) throw usage_error(at + ": a key must be a plain word");
      const std::string key = text_of(field.first, at);
      if (!seen.insert(key).second)
        throw usage_error(fmt::format("{}: key {} stands here twice; remove one", at, quote(key)));
      value.fields.push_back({key, copy(field.second, depth + 1)});
      value.fields.back().value.where = at;
    }
  }

  // yaml-cpp makes single bytes of the escapes \N and \_, which are no UTF-8.
  static std::string text_of(const YAML::Node& scalar, const std::string& at) {
    if (!valid_utf8(scalar.Scalar()))
      throw usage_error(at + ": an escape makes text that is not valid UTF-8; write the character itself");
    return scalar.Scalar();
  }

  std::string where(const YAML::Mark& mark) const {
    if (!positions_ || mark.is_null()) return origin_;
    return fmt::format("{}:{}:{}", origin_, mark.line + 1, mark.column + 1);
  }

  std::string origin_;
  bool positions_;
  int nodes_ = 0;
};

// Notes where documents begin, and lets everything else pass.
class DocumentStarts : public YAML::EventHandler {
 public:
  std::vector<YAML::Mark> marks;
  void OnDocumentStart(const YAML::Mark& mark) override { marks.push_back(mark); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

// The one document of a text; a second one would be settings that nobody reads. Never more than two are looked for: at a
// stray ',' the library begins documents without end.
YAML::Node only_document(const std::string& yaml, const std::string& origin, bool positions) {
  std::istringstream stream(yaml);
  YAML::Parser parser(stream);
  DocumentStarts starts;
  if (!parser.HandleNextDocument(starts) || !parser.HandleNextDocument(starts)) return YAML::Load(yaml);
  const YAML::Mark mark = starts.marks.back();
  const std::string at = positions ? fmt::format("{}:{}:{}", origin, mark.line + 1, mark.column + 1) : origin;
  throw usage_error(
      at +
      ": a second document (after '---'), or text that belongs to no value, begins; a config is one document: "
      "join them, or remove one");
}

ConfigValue parse(const std::string& yaml, const std::string& origin, bool positions) {
  if (yaml.size() > kMostBytes) {
    throw usage_error(fmt::format("{}: {} bytes; a config has at most {}", origin, yaml.size(), kMostBytes));
  }
  if (yaml.find('\0') != std::string::npos) throw usage_error(origin + ": contains a NUL byte; is this a text file?");
  if (!valid_utf8(yaml))
    throw usage_error(
        origin +
        ": is not valid UTF-8; a path with such bytes is written \"caf\\xe9\" in single quotes (docs/formats.md)");
  try {
    return Copier(origin, positions).copy(only_document(yaml, origin, positions), 0);
  } catch (const YAML::Exception& problem) {
    const std::string at = positions && !problem.mark.is_null()
                               ? fmt::format("{}:{}:{}", origin, problem.mark.line + 1, problem.mark.column + 1)
                               : origin;
    const bool deep = dynamic_cast<const YAML::DeepRecursion*>(&problem) != nullptr;  // says "bad file"
    throw usage_error(
        fmt::format("{}: {}", at, deep ? fmt::format("nested deeper than {} levels", kMostDepth) : problem.msg));
  }
}

}  // namespace

const ConfigValue* ConfigValue::find(std::string_view key) const {
  for (const auto& [name, value] : fields) {
    if (name == key) return &value;
  }
  return nullptr;
}

ConfigValue parse_yaml(const std::string& yaml, const std::string& origin) {
  ConfigValue root = parse(yaml, origin, true);
  if (root.kind == ConfigValue::Kind::kNull) root.kind = ConfigValue::Kind::kMapping;
  if (root.kind != ConfigValue::Kind::kMapping) {
    throw usage_error(origin + ": a config is a mapping (lines of `key: value`), this is not");
  }
  return root;
}

ConfigValue parse_yaml_value(const std::string& yaml, const std::string& origin) { return parse(yaml, origin, false); }

ConfigValue read_yaml(const std::filesystem::path& file) {
  constexpr uint64_t kLimit = 4 << 20;
  refuse_wrong_file(file, FileKind::kText);
  return parse_yaml(read_file(file, kLimit), file.string());
}

}  // namespace farfield
