#include "core/io/sha256.h"

#include <algorithm>
#include <future>
#include <vector>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "core/error.h"
#include "core/io/file.h"
#include "core/io/input_file.h"

namespace farfield {

Sha256::Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
  check(context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1, "OpenSSL offers SHA-256");
}

void Sha256::add(std::span<const std::byte> bytes) {
  check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1, "SHA-256 takes bytes");
}

std::string Sha256::hexadecimal() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  check(EVP_DigestFinal_ex(context_.get(), digest, &length) == 1, "SHA-256 ends");
  std::string text;
  for (unsigned int i = 0; i < length; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

std::string sha256(std::span<const std::byte> bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.hexadecimal();
}

std::string sha256(std::string_view text) { return sha256(std::as_bytes(std::span(text))); }

// A block is read while the one before it is hashed: on two cores a file takes the time of its hash alone. Where there is
// no thread to be had the policy lets it be read in turn.
std::string sha256_file(const std::filesystem::path& path) {
  constexpr uint64_t kBlock = uint64_t{2} << 20;
  const InputFile file(path);
  std::vector<std::byte> blocks[2];
  for (auto& block : blocks) block.resize(std::min(kBlock, file.size()));
  const auto read = [&](uint64_t number) {
    const auto part = std::span(blocks[number % 2]).first(std::min(kBlock, file.size() - number * kBlock));
    file.read(number * kBlock, part);
    return part;
  };
  Sha256 hash;
  std::span<const std::byte> here;
  if (file.size() > 0) here = read(0);
  for (uint64_t number = 1; !here.empty(); ++number) {
    const bool more = number * kBlock < file.size();
    std::future<std::span<std::byte>> next;
    if (more) next = std::async(std::launch::async | std::launch::deferred, read, number);
    hash.add(here);
    here = more ? std::span<const std::byte>(next.get()) : std::span<const std::byte>();
  }
  return hash.hexadecimal();
}

}  // namespace farfield
