// Histograms in HdrHistogram's log format (version 1.3, V2 compressed encoding), which HistogramLogAnalyzer, hdr-plot
// and the HdrHistogram libraries of other languages read. Values stay in µs; the columns Interval_Max are in ms, as
// those tools expect.
//
// One line: Tag=NAME,start,length,max,HISTFAAA…   with seconds since the log's base time. The last column is
// base64(cookie ‖ length ‖ zlib(header ‖ counts)), counts as ZigZag LEB128 of at most 9 bytes, runs of zeros as one
// negative number.
#pragma once

#include <lakh/core/histogram.hpp>

#include <chrono>
#include <expected>
#include <iosfwd>
#include <string>
#include <string_view>
#include <system_error>

namespace lakh {

// The last column: base64 text.
std::string encode_histogram(const histogram& values);

// Reads what encode_histogram wrote, or another HdrHistogram with lowest value 1 and 3 digits whose values fit in an
// hour of µs. The input is hostile: lengths are bounded before anything is allocated. min, max and sum become those of
// bucket middles as far as the format has lost them. Errors: errc::bad_input.
std::expected<histogram, std::error_code> try_decode_histogram(std::string_view text);

// Writes a log; the stream's state says whether it could be written.
class histogram_log_writer {
 public:
  // Writes the header. `start` is the log's base time.
  histogram_log_writer(std::ostream& out, std::chrono::system_clock::time_point start, std::string_view comment = {});

  // One interval. A tag may not hold commas, spaces or line breaks: they become '_'.
  void write(std::string_view tag, std::chrono::microseconds since_start, std::chrono::microseconds length,
             const histogram& values);

 private:
  std::ostream& out_;
};

}  // namespace lakh
