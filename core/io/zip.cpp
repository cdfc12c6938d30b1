#include "core/io/zip.h"

#include <sys/stat.h>
#include <zip.h>
#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/io/input_file.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr uint64_t kHighestRatio = 1000;
constexpr uint64_t kFirstBlock = uint64_t{1} << 20;

struct Member {
  std::string name;
  uint64_t index = 0, size = 0;
  bool stored = false;
  std::string problem;  // why it cannot be read; "" when it can
};

bool is_safe_name(std::string_view name) {
  if (name.empty() || name.front() == '/' || name.find('\\') != std::string_view::npos) return false;
  if (name.size() > 1 && name[1] == ':') return false;  // C:...
  const auto parts = split(name, '/');
  return std::find(parts.begin(), parts.end(), "..") == parts.end();
}

}  // namespace

struct ZipReader::Archive {
  std::string path;
  uint64_t file_bytes = 0;
  std::unique_ptr<zip_t, decltype(&zip_discard)> handle{nullptr,
                                                        zip_discard};  // closed also when the constructor throws
  std::vector<Member> members;                                         // by name
  std::vector<std::string> names;

  explicit Archive(const std::filesystem::path& file);
  [[noreturn]] void refuse(const std::string& what) const { throw bad_file(path, "zip: " + what); }
  // The member at a place of the directory, checked; a folder has an empty name.
  Member inspect(uint64_t index) const;
  std::string problem_of(const Member& member, const zip_stat_t& status) const;
  const Member& find(std::string_view name) const;
};

ZipReader::Archive::Archive(const std::filesystem::path& file) : path(file.string()) {
  file_bytes = InputFile(file).size();
  int error_code = 0;
  handle.reset(zip_open(path.c_str(), ZIP_RDONLY, &error_code));
  if (handle == nullptr) {
    if (error_code == ZIP_ER_MEMORY) throw std::bad_alloc();
    zip_error_t error;
    zip_error_init_with_code(&error, error_code);
    const std::string reason = zip_error_strerror(&error);
    zip_error_fini(&error);
    refuse(reason);
  }
  const int64_t count = zip_get_num_entries(handle.get(), 0);
  for (int64_t i = 0; i < count; ++i) {
    Member member = inspect(static_cast<uint64_t>(i));
    if (!member.name.empty()) members.push_back(std::move(member));
  }
  std::sort(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.name < b.name; });
  for (const auto& member : members) {
    if (!names.empty() && names.back() == member.name)
      refuse(fmt::format("member {} is there twice", quote(member.name)));
    names.push_back(member.name);
  }
}

Member ZipReader::Archive::inspect(uint64_t index) const {
  zip_stat_t status;
  zip_stat_init(&status);
  constexpr uint64_t kNeeded = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD |
                               ZIP_STAT_ENCRYPTION_METHOD;
  if (zip_stat_index(handle.get(), index, ZIP_FL_ENC_RAW, &status) != 0 || (status.valid & kNeeded) != kNeeded) {
    refuse(fmt::format("entry {} of the directory is damaged", index));
  }
  Member member{status.name, index, status.size, status.comp_method == ZIP_CM_STORE, ""};
  const auto refuse_member = [&](const std::string& what) {
    refuse(fmt::format("member {} {}", quote(member.name), what));
  };
  if (!is_safe_name(member.name))
    refuse_member("has an unsafe name: absolute, with '..' or with '\\'; pack it again with relative names and '/'");
  zip_uint8_t system = 0;
  zip_uint32_t attributes = 0;
  if (zip_file_get_external_attributes(handle.get(), index, 0, &system, &attributes) == 0 && system == ZIP_OPSYS_UNIX &&
      S_ISLNK(attributes >> 16)) {
    refuse_member("is a symbolic link");
  }
  member.problem = problem_of(member, status);
  if (member.name.back() == '/') member.name.clear();
  return member;
}

std::string ZipReader::Archive::problem_of(const Member& member, const zip_stat_t& status) const {
  if (status.encryption_method != ZIP_EM_NONE) return "is encrypted";
  if (!member.stored && status.comp_method != ZIP_CM_DEFLATE) return "is neither stored nor deflated";
  if (status.comp_size > file_bytes) return "is larger than the file";
  if (member.stored && status.size != status.comp_size) return "is stored with two different sizes";
  if (status.size / kHighestRatio <= status.comp_size) return "";
  return fmt::format("would grow from {} to {} bytes, more than {} times", status.comp_size, status.size,
                     kHighestRatio);
}

const Member& ZipReader::Archive::find(std::string_view name) const {
  const auto found = std::lower_bound(
      members.begin(), members.end(), name,
      [](const Member& member, std::string_view wanted) { return member.name < wanted; });
  if (found == members.end() || found->name != name) refuse(fmt::format("no member {}", quote(name)));
  return *found;
}

ZipReader::ZipReader(std::unique_ptr<Archive> archive) : archive_(std::move(archive)) {}
ZipReader::ZipReader(const std::filesystem::path& path) : archive_(std::make_unique<Archive>(path)) {
  for (const Member& member : archive_->members) {
    if (!member.problem.empty()) archive_->refuse(fmt::format("member {} {}", quote(member.name), member.problem));
  }
}
ZipReader ZipReader::with_unreadable(const std::filesystem::path& path) {
  return ZipReader(std::make_unique<Archive>(path));
}
ZipReader::~ZipReader() = default;
ZipReader::ZipReader(ZipReader&&) noexcept = default;

const std::vector<std::string>& ZipReader::names() const { return archive_->names; }

uint64_t ZipReader::size(std::string_view name) const { return archive_->find(name).size; }

std::string ZipReader::read(std::string_view name, uint64_t limit_bytes) const {
  const Member& member = archive_->find(name);
  const auto refuse = [&](const std::string& what) {
    archive_->refuse(fmt::format("member {}: {}", quote(name), what));
  };
  if (!member.problem.empty()) refuse(member.problem);
  if (member.size > limit_bytes) refuse(fmt::format("{} bytes, more than the limit of {}", member.size, limit_bytes));
  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> file(zip_fopen_index(archive_->handle.get(), member.index, 0),
                                                               zip_fclose);
  const auto refuse_for = [&](zip_error_t* reason) {
    if (zip_error_code_zip(reason) == ZIP_ER_MEMORY) throw std::bad_alloc();
    refuse(zip_error_strerror(reason));
  };
  if (file == nullptr) refuse_for(zip_get_error(archive_->handle.get()));
  // What a deflated member claims to be is believed step by step only.
  std::string bytes;
  for (uint64_t filled = 0; filled < member.size;) {
    const uint64_t step = member.stored ? member.size : std::min(member.size, std::max(kFirstBlock, 2 * filled));
    bytes.resize(step);
    const int64_t got = zip_fread(file.get(), bytes.data() + filled, step - filled);
    if (got < 0) refuse_for(zip_file_get_error(file.get()));
    if (got == 0) refuse("it ends too early");
    filled += static_cast<uint64_t>(got);
  }
  char beyond = 0;  // reading the end is what makes libzip compare the CRC
  const int64_t more = zip_fread(file.get(), &beyond, 1);
  if (more < 0) refuse_for(zip_file_get_error(file.get()));
  if (more > 0) refuse("it is longer than the directory says");
  return bytes;
}

}  // namespace farfield
