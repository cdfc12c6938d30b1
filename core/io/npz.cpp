#include "core/io/npz.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/io/file.h"
#include "core/io/npy_header.h"
#include "core/io/npz_reader.h"
#include "core/io/tensor_bytes.h"
#include "core/io/zip_writer.h"
#include "core/text.h"

namespace farfield {

std::map<std::string, torch::Tensor> read_npz(const std::filesystem::path& path, uint64_t limit_bytes) {
  const NpzReader archive(path);
  if (!archive.other_members().empty()) {
    throw bad_file(path.string(),
                   fmt::format("npz: member {} is no .npy array", quote(archive.other_members().front())));
  }
  std::map<std::string, torch::Tensor> arrays;
  uint64_t left = limit_bytes;
  for (const auto& name : archive.names()) {
    const uint64_t bytes = archive.bytes(name);
    arrays.emplace(name, archive.numbers(name, left));
    left -= bytes;
  }
  return arrays;
}

void write_npz(const std::filesystem::path& path, const std::map<std::string, torch::Tensor>& arrays) {
  ZipWriter archive;
  for (const auto& [name, array] : arrays) {
    check(array.defined(), "only defined arrays are written");
    const auto host = array.detach().cpu().contiguous();
    const std::string header = make_npy_header(host.scalar_type(), host.sizes());
    archive.add(name + ".npy", {header, text_of(host)});
  }
  write_file_atomically(path, archive.finish());
}

}  // namespace farfield
