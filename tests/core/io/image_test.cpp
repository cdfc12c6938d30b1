#include "core/io/image.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>

#include <fmt/format.h>
#include <zlib.h>

#include "core/io/file.h"
#include "core/io/image_traits.h"
#include "core/io/npz.h"
#include "core/io/zip.h"
#include "tests/support/mutants.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

std::string big_endian(uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}

std::string chunk(const std::string& kind, const std::string& data) {
  const std::string body = kind + data;
  const auto crc = crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big_endian(static_cast<uint32_t>(data.size())) + body + big_endian(static_cast<uint32_t>(crc));
}

// A PNG by hand: `rows` already with their filter bytes.
std::string png(uint32_t width, uint32_t height, int bits, int colour, const std::string& rows,
                const std::string& before_data = "") {
  std::string packed(compressBound(rows.size()), '\0');
  uLongf size = packed.size();
  compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(rows.data()), rows.size());
  packed.resize(size);
  const std::string header = big_endian(width) + big_endian(height) + static_cast<char>(bits) +
                             static_cast<char>(colour) + std::string(3, '\0');
  return "\x89PNG\r\n\x1A\n" + chunk("IHDR", header) + before_data + chunk("IDAT", packed) + chunk("IEND", "");
}

torch::Tensor noise_picture(int64_t height, int64_t width, int64_t channels) {
  return (torch::arange(height * width * channels) * 37 % 251).to(torch::kUInt8).reshape({height, width, channels});
}

TEST(Image, BytesAreEdms) {
  for (const auto dtype : {torch::kFloat64, torch::kFloat32}) {
    auto values = torch::linspace(-1.1, 1.1, 100'001, torch::kFloat64).to(dtype);
    const auto got = to_bytes(values.reshape({1, 1, 1, -1})).flatten();
    ASSERT_EQ(got.scalar_type(), torch::kUInt8);
    for (int64_t i = 0; i < values.size(0); ++i) {
      double scaled = values[i].item<double>() * 127.5 + 128;
      if (dtype == torch::kFloat32) scaled = values[i].item<float>() * 127.5f + 128.0f;
      ASSERT_EQ(got[i].item<int>(), static_cast<int>(std::clamp(scaled, 0.0, 255.0))) << values[i].item<double>();
      i += 9;
    }
  }
}

TEST(Image, EveryByteSurvivesTheRoundTrip) {
  const auto bytes = torch::arange(256).to(torch::kUInt8).reshape({1, 16, 16, 1});
  const auto values = from_bytes(bytes);
  EXPECT_EQ(values.sizes(), (std::vector<int64_t>{1, 1, 16, 16}));
  EXPECT_EQ(values.min().item<float>(), -1.0f);
  EXPECT_EQ(values.max().item<float>(), 1.0f);
  EXPECT_TRUE(to_bytes(values).equal(bytes));
  EXPECT_TRUE(to_bytes(values.to(torch::kFloat64)).equal(bytes));
  const auto layout = noise_picture(4, 5, 3).unsqueeze(0);
  EXPECT_TRUE(to_bytes(from_bytes(layout)).equal(layout));
}

TEST(Image, ExtremeValuesClipAndNanIsANumericError) {
  const double infinity = std::numeric_limits<double>::infinity();
  const auto values = torch::tensor({-infinity, -1e30, 1e30, infinity}, torch::kFloat64).reshape({1, 1, 2, 2});
  EXPECT_TRUE(to_bytes(values).flatten().equal(torch::tensor({0, 0, 255, 255}, torch::kUInt8)));
  const auto error = test::error_of([] { to_bytes(torch::full({1, 1, 1, 1}, NAN)); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ExitCode::kNumeric);
}

TEST(Image, PngReadsBackWithAndWithoutText) {
  for (const int64_t channels : {1, 3}) {
    const auto image = noise_picture(13, 7, channels);
    EXPECT_TRUE(decode_image(encode_png(image), "f").equal(image));
    const std::string bytes = encode_png(image, {{"solver", "heun"}, {"sigma", "\xCF\x83 = 80"}});
    EXPECT_TRUE(decode_image(bytes, "f").equal(image));
    EXPECT_NE(bytes.find(chunk("tEXt", std::string("solver\0heun", 11))), std::string::npos);
    const std::string sigma("sigma\0\0\0\0\0\xCF\x83 = 80", 17);
    EXPECT_NE(bytes.find(chunk("iTXt", sigma)), std::string::npos);
  }
  EXPECT_TRUE(decode_image(encode_png(noise_picture(3, 4, 1).squeeze(2)), "f").equal(noise_picture(3, 4, 1)));
  const std::string odd = encode_png(noise_picture(1, 1, 1), {{"k", std::string("a\0b\x1b\xff", 5)}});
  EXPECT_NE(odd.find(chunk("tEXt", std::string("k\0a\\x00b\\x1b\\xff", 16))), std::string::npos);
  for (const auto& text : {std::map<std::string, std::string>{{"", "x"}}, {{std::string(80, 'k'), "x"}}}) {
    EXPECT_EQ(test::error_of([&] { encode_png(noise_picture(1, 1, 1), text); })->code(), ExitCode::kBug);
  }
}

TEST(Image, AnyNumberOfChannelsCanBeDrawn) {
  const auto images = torch::arange(2 * 12 * 3 * 5, torch::kFloat32).reshape({2, 12, 3, 5});
  for (const int64_t channels : {1, 3}) {
    EXPECT_TRUE(drawable(images.narrow(1, 0, channels)).equal(images.narrow(1, 0, channels)));
  }
  for (const int64_t channels : {2, 4, 5, 8, 12}) {
    const auto drawn = drawable(images.narrow(1, 0, channels));
    const int64_t shown = std::min<int64_t>(channels, 8);
    ASSERT_EQ(drawn.sizes(), (std::vector<int64_t>{2, 1, 3, 5 * shown}));
    for (int64_t c = 0; c < shown; ++c) EXPECT_TRUE(drawn.select(1, 0).narrow(2, 5 * c, 5).equal(images.select(1, c)));
  }
}

TEST(Image, GridsPlaceEveryImage) {
  const auto images = torch::stack({torch::full({2, 3, 1}, 10), torch::full({2, 3, 1}, 20), torch::full({2, 3, 1}, 30)})
                          .to(torch::kUInt8);
  const auto grid = image_grid(images, 2, 1, 2);
  EXPECT_EQ(grid.sizes(), (std::vector<int64_t>{2 * 4 + 1, 2 * 6 + 1, 1}));
  const auto at = [&](int64_t y, int64_t x) { return grid[y][x][0].item<int>(); };
  EXPECT_EQ(at(0, 0), 10);
  EXPECT_EQ(at(3, 5), 10);
  EXPECT_EQ(at(0, 6), 128);
  EXPECT_EQ(at(0, 7), 20);
  EXPECT_EQ(at(4, 0), 128);
  EXPECT_EQ(at(5, 0), 30);
  EXPECT_EQ(at(8, 12), 128);  // an empty place
  EXPECT_EQ(image_grid(torch::zeros({5, 1, 1, 3}, torch::kUInt8), 0, 0).sizes(), (std::vector<int64_t>{2, 3, 3}));
}

TEST(Image, SixteenBitsAlphaAndPalettes) {
  using std::string_literals::operator""s;
  EXPECT_TRUE(decode_image(png(2, 1, 16, 0, "\0\x80\x80\xFF\xFF"s), "f")
                  .equal(torch::tensor({128, 255}, torch::kUInt8).reshape({1, 2, 1})));
  EXPECT_TRUE(decode_image(png(1, 1, 16, 6, "\0\x01\x01\x02\x02\x03\x03\xFF\xFF"s), "f")
                  .equal(torch::tensor({1, 2, 3}, torch::kUInt8).reshape({1, 1, 3})));
  EXPECT_TRUE(decode_image(png(1, 1, 8, 6, "\0\1\2\3\xFF"s), "f")
                  .equal(torch::tensor({1, 2, 3}, torch::kUInt8).reshape({1, 1, 3})));
  EXPECT_TRUE(
      decode_image(png(1, 1, 8, 4, "\0\7\xFF"s), "f").equal(torch::tensor({7}, torch::kUInt8).reshape({1, 1, 1})));
  EXPECT_TRUE(decode_image(png(2, 1, 8, 3, "\0\1\0"s, chunk("PLTE", "\1\2\3\4\5\6")), "f")
                  .equal(torch::tensor({4, 5, 6, 1, 2, 3}, torch::kUInt8).reshape({1, 2, 3})));
  EXPECT_TRUE(decode_image(png(8, 1, 1, 0, "\0\xA0"s), "f")
                  .equal(torch::tensor({255, 0, 255, 0, 0, 0, 0, 0}, torch::kUInt8).reshape({1, 8, 1})));
}

std::string bmp(int32_t width, int32_t height) {
  std::string bytes = "BM" + std::string(52, '\0');
  const auto put = [&](size_t at, uint32_t value) { std::memcpy(bytes.data() + at, &value, 4); };
  put(2, 54 + 16);
  put(10, 54);
  put(14, 40);
  put(18, static_cast<uint32_t>(width));
  put(22, static_cast<uint32_t>(height));
  put(26, 1 | 24 << 16);
  return bytes + std::string("\1\2\3\4\5\6\0\0\7\x8\x9\xA\xB\xC\0\0", 16);
}

// A baseline JPEG's beginning: SOI and a frame header.
std::string jpeg_start(int components, uint16_t height, uint16_t width) {
  std::string bytes = "\xFF\xD8\xFF\xC0";
  const int length = 8 + 3 * components;
  bytes += {'\0',
            static_cast<char>(length),
            '\10',
            static_cast<char>(height >> 8),
            static_cast<char>(height),
            static_cast<char>(width >> 8),
            static_cast<char>(width),
            static_cast<char>(components)};
  for (int i = 0; i < components; ++i) bytes += {static_cast<char>(i + 1), '\x11', '\0'};
  return bytes;
}

// A little-endian TIFF of 8 bits with the pixels first and these entries beside the sizes.
std::string tiff(uint32_t width, uint32_t height, std::map<uint16_t, uint32_t> entries, const std::string& pixels) {
  entries.insert({{256, width},
                  {257, height},
                  {258, 8},
                  {259, 1},
                  {273, 8},
                  {277, 1},
                  {278, height},
                  {279, static_cast<uint32_t>(pixels.size())}});
  std::string bytes = std::string("II*\0", 4);
  const auto put = [&](uint32_t value, int count) {
    for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> 8 * i);
  };
  put(static_cast<uint32_t>(8 + pixels.size()), 4);
  bytes += pixels;
  put(static_cast<uint32_t>(entries.size()), 2);
  for (const auto& [tag, value] : entries) {
    put(tag, 2);
    put(4, 2);
    put(1, 4);
    put(value, 4);
  }
  put(0, 4);
  return bytes;
}

// Two pixels, lossless: (1, 2, 3) and (200, 100, 50).
std::string webp() {
  return std::string(
      "RIFF\x26\0\0\0WEBPVP8L\x1A\0\0\0\x2F\x01\0\0\0\x0F\x70\x01\xB1\x3D\x26\xC8\xB6\x0D\x6D\x3B\xD0\xE7\x3F"
      "\xD8\x0F\x15\x88\xE8\x7F\0",
      46);
}

// A JP2 of the grey pixels 7 and 200.
std::string jp2() {
  const std::string digits =
      "0000000C6A5020200D0A870A00000014667479706A703220000000006A7032200000002D6A703268000000166968647200000001"
      "000000020001070700000000000F636F6C72010000000000110000005F6A703263FF4FFF51002900000000000200000001000000"
      "0000000000000000020000000100000000000000000001070101FF52000C00000001000004040001FF5C00044040FF90000A0000"
      "000000140001FF93CFB40C096B2FFFD9";
  std::string bytes;
  for (size_t i = 0; i < digits.size(); i += 2) bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  return bytes;
}

torch::Tensor pixels(std::vector<int64_t> values, std::vector<int64_t> shape) {
  return torch::tensor(values, torch::kInt64).to(torch::kUInt8).reshape(shape);
}

TEST(Image, FurtherFormatsAreRead) {
  using std::string_literals::operator""s;
  EXPECT_TRUE(decode_image("P5\n# made by hand\n2 1\n255\n\x07\xC8", "f").equal(pixels({7, 200}, {1, 2, 1})));
  EXPECT_TRUE(decode_image("P6 1 1 255\n\1\2\3", "f").equal(pixels({1, 2, 3}, {1, 1, 3})));
  EXPECT_TRUE(decode_image("P4 3 1\n\xA0", "f").equal(pixels({0, 255, 0}, {1, 3, 1})));
  EXPECT_TRUE(decode_image("P5 2 1 65535\n\x80\x80\xFF\xFF", "f").equal(pixels({128, 255}, {1, 2, 1})));
  EXPECT_TRUE(decode_image("P2 2 1 255\n7 200", "f").equal(pixels({7, 200}, {1, 2, 1})));
  EXPECT_TRUE(decode_image(tiff(2, 2, {{262, 1}}, "\1\2\3\4"), "f").equal(pixels({1, 2, 3, 4}, {2, 2, 1})));
  EXPECT_TRUE(decode_image(tiff(2, 1, {{262, 1}, {274, 6}}, "\1\2"), "f").equal(pixels({1, 2}, {2, 1, 1})));
  EXPECT_TRUE(decode_image(tiff(2, 1, {{262, 0}}, "\1\2"), "f").equal(pixels({254, 253}, {1, 2, 1})));
  EXPECT_TRUE(decode_image(jp2(), "f").equal(pixels({7, 200}, {1, 2, 1})));
  EXPECT_TRUE(decode_image(webp(), "f").equal(pixels({1, 2, 3, 200, 100, 50}, {1, 2, 3})));
}

// A file that says orientation 6, in four formats; little and big end first.
std::vector<std::string> turned_files() {
  using std::string_literals::operator""s;
  const std::string little = "II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0"s;
  const std::string big = "MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"s;
  const auto jpeg = [](const std::string& exif) {
    const std::string body = "Exif\0\0"s + exif;
    return "\xFF\xD8\xFF\xE0\0\4ab\xFF\xE1"s + '\0' + static_cast<char>(body.size() + 2) + body + "\xFF\xDA\0\2";
  };
  const std::string webp = "RIFF\0\0\0\0WEBPVP8L\1\0\0\0x\0EXIF"s + static_cast<char>(little.size()) + "\0\0\0"s +
                           little;
  return {jpeg(little), jpeg(big), png(1, 1, 8, 0, "\0\1"s, chunk("eXIf", big)), webp};
}

TEST(ImageTraits, OrientationIsReadFromEveryFormat) {
  for (const auto& file : turned_files()) {
    EXPECT_EQ(image_traits(file).orientation, 6) << file.substr(0, 12);
    for (size_t size = 0; size < file.size(); ++size) image_traits(file.substr(0, size));  // never throws
  }
  EXPECT_EQ(image_traits(encode_png(noise_picture(2, 2, 1))).orientation, 1);
  EXPECT_EQ(image_traits("no image").orientation, 1);
}

TEST(ImageTraits, SeveralPicturesAreSeen) {
  using std::string_literals::operator""s;
  EXPECT_TRUE(image_traits(png(1, 1, 8, 0, "\0\1"s, chunk("acTL", "\0\0\0\2\0\0\0\0"s))).several_pictures);
  EXPECT_FALSE(image_traits(png(1, 1, 8, 0, "\0\1"s, chunk("acTL", "\0\0\0\1\0\0\0\0"s))).several_pictures);
  std::string pages = tiff(1, 1, {{262, 1}}, "1");
  EXPECT_FALSE(image_traits(pages).several_pictures);
  pages[pages.size() - 4] = 8;
  EXPECT_TRUE(image_traits(pages).several_pictures);
}

TEST(ImageTraits, TurnedUprightIsExifsTable) {
  const auto stored = torch::tensor({1, 2, 3, 4, 5, 6}, torch::kUInt8).reshape({1, 2, 3});  // 123 over 456
  const std::vector<std::vector<int64_t>> shown = {{1, 2, 3, 4, 5, 6}, {3, 2, 1, 6, 5, 4}, {6, 5, 4, 3, 2, 1},
                                                   {4, 5, 6, 1, 2, 3}, {1, 4, 2, 5, 3, 6}, {4, 1, 5, 2, 6, 3},
                                                   {6, 3, 5, 2, 4, 1}, {3, 6, 2, 5, 1, 4}};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const std::vector<int64_t> shape = orientation < 5 ? std::vector<int64_t>{1, 2, 3} : std::vector<int64_t>{1, 3, 2};
    EXPECT_TRUE(turned_upright(stored, orientation).equal(pixels(shown[orientation - 1], shape))) << orientation;
  }
}

TEST(Image, TransparencyThatNoPixelHasIsNone) {
  using std::string_literals::operator""s;
  EXPECT_TRUE(
      decode_image(png(2, 1, 8, 0, "\0\x0A\xC8"s, chunk("tRNS", "\0\x0B"s)), "f").equal(pixels({10, 200}, {1, 2, 1})));
}

TEST(Image, BadImagesAreRefusedWithTheirReason) {
  using std::string_literals::operator""s;
  ASSERT_TRUE(decode_image(bmp(2, 2), "f")
                  .flatten()
                  .equal(torch::tensor({9, 8, 7, 12, 11, 10, 3, 2, 1, 6, 5, 4}, torch::kUInt8)));
  const std::string good = encode_png(noise_picture(20, 20, 3));
  std::string bad_crc = good, huge_png = good;
  bad_crc[good.size() - 20] = static_cast<char>(bad_crc[good.size() - 20] ^ 1);
  huge_png.replace(8, 25, chunk("IHDR", big_endian(100'000) + big_endian(100'000) + "\10\2\0\0\0"s));
  const std::string end = "\xFF\xD9";
  struct Case {
    const char* what;
    std::string bytes;
    const char* expected;
  };
  const Case cases[] = {
      {"empty", "", "empty"},
      {"GIF", "GIF89a" + std::string(50, '\0'),
       "not an image of a format that is read (PNG, JPEG, BMP, WebP, TIFF, PNM and JP2)"},
      {"WebP without a start", "RIFF\0\0\0\0WEBPVP8 "s + std::string(50, '\0'), "WebP: the header is damaged"},
      {"WebP cut off", "RIFF\x1A\0\0\0WEBPVP8L"s, "cut off"},
      {"WebP animated", "RIFF\x1A\0\0\0WEBPVP8X\x0A\0\0\0\2\0\0\0\1\0\0\1\0\0\0\0\0\0"s, "animated"},
      {"TIFF without a directory", "II*\0\x08\0\0\0"s, "cut off"},
      {"TIFF big", "II+\0\x08\0\0\0"s + std::string(20, '\0'), "BigTIFF"},
      {"TIFF CMYK", tiff(2, 1, {{262, 5}, {277, 4}}, "12341234"), "CMYK"},
      {"TIFF Lab", tiff(1, 1, {{262, 8}, {277, 3}}, "123"), "colours of kind 8"},
      {"TIFF without its palette", tiff(1, 1, {{262, 3}}, "1"), "colours of kind 3"},
      {"TIFF inverted, 16 bits", tiff(1, 1, {{258, 16}, {262, 0}}, "12"), "colours of kind 0"},
      {"TIFF grey and alpha", tiff(2, 1, {{262, 1}, {277, 2}}, "1234"), "2 channels"},
      {"TIFF cut off", tiff(2, 1, {{262, 1}}, "12").substr(0, 9), "cut off"},
      {"TIFF with pixels elsewhere", tiff(2, 1, {{262, 1}, {279, 1000}}, "12"), "cut off"},
      {"TIFF bomb", tiff(60000, 60000, {{262, 1}}, "12"), "60000 x 60000 pixels"},
      {"JP2 cut off", jp2().substr(0, 60), "cut off"},
      {"JP2 of two sizes", jp2().replace(50, 2, "\1\0"s), "differ"},
      {"JP2 of 12 bits", jp2().replace(58, 1, "\x0B"), "12 bits"},
      {"JP2 without pixels", jp2().substr(0, 150), "damaged"},
      {"PGM cut off", "P5 2 2 255\nabc", "cut off"},
      {"PGM of 10 bits", "P5 1 1 1023\nab", "highest value is 1023"},
      {"PPM bomb", "P6 100000 100000 255\n", "100000 x 100000 pixels"},
      {"PPM without numbers", "P6 a", "damaged"},
      {"PPM of a number too large", "P6 99999999999999999999 1 255\n", "too large"},
      {"PNG grey, one value transparent", png(2, 1, 8, 0, "\0\x0A\xC8"s, chunk("tRNS", "\0\x0A"s)), "transparent"},
      {"PNG grey, one of 16 bits", png(2, 1, 16, 0, "\0\0\x0A\xEA\x60"s, chunk("tRNS", "\0\x0A"s)), "transparent"},
      {"PNG grey, one of 2 bits", png(4, 1, 2, 0, "\0\x1B"s, chunk("tRNS", "\0\2"s)), "transparent"},
      {"PNG RGB, one colour transparent", png(1, 1, 8, 2, "\0\1\2\3"s, chunk("tRNS", "\0\1\0\2\0\3"s)), "transparent"},
      {"PNG palette, one colour transparent", png(1, 1, 8, 3, "\0\0"s, chunk("PLTE", "\1\2\3") + chunk("tRNS", "\7")),
       "transparent"},
      {"PNG signature", good.substr(0, 8), "cut off inside its header"},
      {"PNG header", good.substr(0, 33), "cut off"},
      {"PNG cut off", good.substr(0, good.size() / 2), "cut off"},
      {"PNG CRC", bad_crc, "checksum"},
      {"PNG chunk beyond the end", good.substr(0, 8) + "\xFF\xFF\xFF\xFFIHDR" + good.substr(16), "cut off"},
      {"PNG without header", "\x89PNG\r\n\x1A\n" + chunk("IEND", ""), "no header chunk"},
      {"PNG without data", "\x89PNG\r\n\x1A\n" + good.substr(8, 25) + chunk("IEND", ""), "damaged"},
      {"PNG bomb", huge_png, "100000 x 100000 pixels"},
      {"PNG without pixels", png(0, 5, 8, 0, ""), "0 x 5 pixels"},
      {"PNG transparent", png(1, 1, 8, 6, "\0\1\2\3\x7F"s), "transparent"},
      {"PNG transparent, 16 bits", png(1, 1, 16, 6, "\0\1\1\1\1\1\1\xFF\xFE"s), "transparent"},
      {"PNG transparent grey", png(1, 1, 8, 4, "\0\1\0"s), "transparent"},
      {"JPEG CMYK", jpeg_start(4, 8, 8) + end, "4 components"},
      {"JPEG bomb", jpeg_start(3, 65500, 65500) + end, "65500 x 65500 pixels"},
      {"JPEG without pixels", jpeg_start(3, 0, 8) + end, "8 x 0 pixels"},
      {"JPEG without end", jpeg_start(3, 8, 8), "cut off"},
      {"JPEG without data", jpeg_start(3, 8, 8) + end, "damaged"},
      {"JPEG without frame", "\xFF\xD8\xFF\xDA\0\4\0\0"s + end, "frame header is missing"},
      {"JPEG garbage", "\xFF\xD8\xFF\xE0\0\4abX"s + end, "marker"},
      {"JPEG marker only", "\xFF\xD8\xFF", "cut off"},
      {"BMP cut off", bmp(2, 2).substr(0, 20), "cut off"},
      {"BMP bomb", bmp(1 << 20, 1 << 20), "pixels"},
      {"BMP height of -2^31", bmp(1, std::numeric_limits<int32_t>::min()), "pixels"},
      {"BMP negative width", bmp(-2, 2), "pixels"},
  };
  for (const auto& bad : cases) {
    const auto error = test::error_of([&] { decode_image(bad.bytes, "f.img"); });
    ASSERT_TRUE(error) << bad.what;
    EXPECT_EQ(error->code(), ExitCode::kBadFile) << bad.what;
    EXPECT_NE(std::string(error->what()).find(bad.expected), std::string::npos) << bad.what << ": " << error->what();
  }
}

std::optional<std::filesystem::path> cifar() {
  const auto data = test::data_dir();
  return data ? std::optional(*data / "cifar10") : std::nullopt;
}

TEST(Image, MutantsAreReadOrRefused) {
  std::vector<std::string> goods = {encode_png(noise_picture(9, 11, 3)),
                                    encode_png(noise_picture(9, 11, 1)),
                                    bmp(2, 2),
                                    webp(),
                                    jp2(),
                                    tiff(2, 2, {{262, 1}}, "1234"),
                                    "P6 2 1 255\n123456"};
  if (const auto folder = cifar()) {
    const ZipReader zip(*folder / "cifar10-32x32-test.zip");
    goods.push_back(zip.read(zip.names().front()));
  }
  testing::internal::CaptureStderr();  // OpenCV and libjpeg comment on what they refuse
  EXPECT_GT(test::expect_read_or_refused(goods, 2000, [](const std::string& bytes) { decode_image(bytes, "f"); }),
            2000);
  testing::internal::GetCapturedStderr();
}

// Decoders may differ in the inverse transform and in how they enlarge chroma; Pillow's and OpenCV's libjpeg-turbo are
// one family, so that what is measured here is 0 differing bytes.
TEST(Image, JpegAgreesWithPillowOnCifar) {
  const auto folder = cifar();
  if (!folder) GTEST_SKIP() << "no data folder: set FARFIELD_DATA";
  const auto expected = read_npy(*folder / "cifar10-32x32-first64-decoded.npy");
  const ZipReader zip(*folder / "cifar10-32x32.zip");
  for (int64_t i = 0; i < expected.size(0); ++i) {
    const auto image = decode_image(zip.read(zip.names()[static_cast<size_t>(i)]), "f").to(torch::kInt32);
    const auto difference = (image - expected[i].to(torch::kInt32)).abs();
    EXPECT_EQ(difference.max().item<int>(), 0) << "image " << i << ", mean " << difference.to(torch::kFloat64).mean();
  }
}

}  // namespace
}  // namespace farfield
