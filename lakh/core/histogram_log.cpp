#include <lakh/core/clock.hpp>
#include <lakh/core/error.hpp>
#include <lakh/core/histogram_log.hpp>

#include <fmt/format.h>

#include <array>
#include <bit>
#include <optional>
#include <ostream>
#include <vector>

#include <zlib.h>

namespace lakh {
namespace {

constexpr std::uint32_t plain_cookie = 0x1c849303 | 0x10;  // 0x10: counts are ZigZag LEB128
constexpr std::uint32_t compressed_cookie = 0x1c849304 | 0x10;
constexpr std::size_t plain_header = 40;
constexpr std::size_t compressed_header = 8;
// Nine bytes for each counter is the most that a valid histogram of this layout can take.
constexpr std::size_t longest_plain = plain_header + histogram::bucket_count * 9;
constexpr std::size_t longest_text = (longest_plain + 1024) * 2;

using bytes = std::vector<unsigned char>;

void put_be(bytes& out, std::uint64_t value, int size) {
  for (int shift = (size - 1) * 8; shift >= 0; shift -= 8) out.push_back(static_cast<unsigned char>(value >> shift));
}

std::uint64_t get_be(const unsigned char* data, int size) {
  std::uint64_t value = 0;
  for (int i = 0; i < size; ++i) value = value << 8 | data[i];
  return value;
}

// Seven bits a byte, lowest first; the ninth byte carries eight, so that 64 bits fit in nine bytes.
void put_zigzag(bytes& out, std::int64_t number) {
  std::uint64_t value = (static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63);
  for (int i = 0; i < 8; ++i) {
    if (value < 0x80) {
      out.push_back(static_cast<unsigned char>(value));
      return;
    }
    out.push_back(static_cast<unsigned char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<unsigned char>(value));
}

std::optional<std::int64_t> get_zigzag(const bytes& data, std::size_t& at) {
  std::uint64_t value = 0;
  for (int i = 0; i < 9; ++i) {
    if (at == data.size()) return std::nullopt;
    const std::uint64_t byte = data[at++];
    if (i == 8) {
      value |= byte << 56;
      break;
    }
    value |= (byte & 0x7f) << (7 * i);
    if ((byte & 0x80) == 0) break;
  }
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string to_base64(const bytes& data) {
  std::string text;
  text.reserve((data.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < data.size(); i += 3) {
    const std::size_t left = data.size() - i;
    const std::uint32_t group = static_cast<std::uint32_t>(data[i]) << 16 |
                                (left > 1 ? static_cast<std::uint32_t>(data[i + 1]) << 8 : 0U) |
                                (left > 2 ? static_cast<std::uint32_t>(data[i + 2]) : 0U);
    text.push_back(alphabet[group >> 18]);
    text.push_back(alphabet[group >> 12 & 63]);
    text.push_back(left > 1 ? alphabet[group >> 6 & 63] : '=');
    text.push_back(left > 2 ? alphabet[group & 63] : '=');
  }
  return text;
}

std::optional<bytes> from_base64(std::string_view text) {
  if (text.size() % 4 != 0 || text.size() > longest_text) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  bytes data;
  data.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      const bool pad = i + j >= text.size() - padding;
      const std::size_t digit = pad ? 0 : alphabet.find(text[i + j]);
      if (digit == std::string_view::npos) return std::nullopt;
      group = group << 6 | static_cast<std::uint32_t>(digit);
    }
    for (int shift = 16; shift >= 0; shift -= 8) data.push_back(static_cast<unsigned char>(group >> shift));
  }
  data.resize(data.size() - padding);
  return data;
}

std::optional<bytes> inflate_all(const unsigned char* data, std::size_t size) {
  bytes plain(longest_plain);
  uLongf length = plain.size();
  if (uncompress(plain.data(), &length, data, size) != Z_OK) return std::nullopt;
  plain.resize(length);
  return plain;
}

bool read_counts(const bytes& plain, histogram& values) {
  std::size_t at = plain_header;
  std::uint64_t index = 0;
  while (at < plain.size()) {
    const auto number = get_zigzag(plain, at);
    if (!number || *number == std::numeric_limits<std::int64_t>::min()) return false;
    if (*number <= 0) {
      index += *number == 0 ? 1 : static_cast<std::uint64_t>(-*number);
      if (index > histogram::bucket_count) return false;
      continue;
    }
    if (index > histogram::index_of(histogram::highest)) return false;
    const std::uint64_t low = histogram::lowest_of(index);
    const std::uint64_t high = std::min(histogram::highest_of(index), histogram::highest);
    values.record_count(static_cast<std::int64_t>(low + (high - low + 1) / 2), static_cast<std::uint64_t>(*number));
    ++index;
  }
  return true;
}

std::optional<histogram> decode(std::string_view text) {
  const auto packed = from_base64(text);
  if (!packed || packed->size() < compressed_header || get_be(packed->data(), 4) != compressed_cookie)
    return std::nullopt;
  const std::uint64_t length = get_be(packed->data() + 4, 4);
  if (length != packed->size() - compressed_header) return std::nullopt;
  const auto plain = inflate_all(packed->data() + compressed_header, length);
  if (!plain || plain->size() < plain_header) return std::nullopt;

  const unsigned char* header = plain->data();
  const bool ours = get_be(header, 4) == plain_cookie && get_be(header + 4, 4) == plain->size() - plain_header &&
                    get_be(header + 8, 4) == 0 &&                               // normalizing index offset
                    get_be(header + 12, 4) == histogram::significant_digits &&  //
                    get_be(header + 16, 8) == 1 &&                              // lowest discernible value
                    std::bit_cast<double>(get_be(header + 32, 8)) == 1.0;
  histogram values;
  if (!ours || !read_counts(*plain, values)) return std::nullopt;
  return values;
}

}  // namespace

std::string encode_histogram(const histogram& values) {
  bytes plain;
  put_be(plain, plain_cookie, 4);
  put_be(plain, 0, 4);  // the length, filled in below
  put_be(plain, 0, 4);
  put_be(plain, histogram::significant_digits, 4);
  put_be(plain, 1, 8);
  put_be(plain, histogram::highest, 8);
  put_be(plain, std::bit_cast<std::uint64_t>(1.0), 8);

  std::size_t next = 0;
  values.for_each([&](const histogram::bucket& bucket) {
    const std::size_t index = histogram::index_of(bucket.lowest);
    if (index - next == 1) {
      put_zigzag(plain, 0);  // as the format wants it: only a run of two or more is written as a negative number
    } else if (index > next) {
      put_zigzag(plain, -static_cast<std::int64_t>(index - next));
    }
    put_zigzag(plain, static_cast<std::int64_t>(bucket.count));
    next = index + 1;
  });
  const std::uint64_t length = plain.size() - plain_header;
  for (int i = 0; i < 4; ++i)
    plain[4 + static_cast<std::size_t>(i)] = static_cast<unsigned char>(length >> (24 - 8 * i));

  bytes packed(compressed_header + compressBound(plain.size()));
  uLongf packed_length = packed.size() - compressed_header;
  if (compress2(packed.data() + compressed_header, &packed_length, plain.data(), plain.size(), Z_BEST_SPEED) != Z_OK)
    throw std::bad_alloc();
  packed.resize(compressed_header + packed_length);
  bytes head;
  put_be(head, compressed_cookie, 4);
  put_be(head, packed_length, 4);
  std::copy(head.begin(), head.end(), packed.begin());
  return to_base64(packed);
}

std::expected<histogram, std::error_code> try_decode_histogram(std::string_view text) {
  auto values = decode(text);
  if (!values) return std::unexpected(make_error_code(errc::bad_input));
  return *std::move(values);
}

histogram_log_writer::histogram_log_writer(std::ostream& out, std::chrono::system_clock::time_point start,
                                           std::string_view comment)
    : out_(out) {
  const double seconds = std::chrono::duration<double>(start.time_since_epoch()).count();
  if (!comment.empty()) {
    std::string line(comment);
    for (char& letter : line) {
      if (letter == '\n' || letter == '\r') letter = ' ';
    }
    out_ << "#[" << line << "]\n";
  }
  out_ << "#[Histogram log format version 1.3]\n"
       << fmt::format("#[StartTime: {:.3f} (seconds since epoch), {}]\n", seconds, rfc3339(start))
       << fmt::format("#[BaseTime: {:.3f} (seconds since epoch)]\n", seconds)
       << "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n";
}

void histogram_log_writer::write(std::string_view tag, std::chrono::microseconds since_start,
                                 std::chrono::microseconds length, const histogram& values) {
  std::string safe(tag);
  for (char& letter : safe) {
    if (letter == ',' || static_cast<unsigned char>(letter) <= ' ') letter = '_';
  }
  if (!safe.empty()) out_ << "Tag=" << safe << ',';
  out_ << fmt::format("{:.3f},{:.3f},{:.3f},{}\n", static_cast<double>(since_start.count()) / 1e6,
                      static_cast<double>(length.count()) / 1e6, static_cast<double>(values.max().count()) / 1e3,
                      encode_histogram(values));
}

}  // namespace lakh
