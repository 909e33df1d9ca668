#include <lakh/wire/transcript.hpp>

#include <algorithm>
#include <memory>
#include <vector>

namespace lakh::wire {
namespace {

class exact_copy {
 public:
  explicit exact_copy(std::string_view text) : size_(text.size()), bytes_(std::make_unique<char[]>(text.size())) {
    std::ranges::copy(text, bytes_.get());
  }
  [[nodiscard]] std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::size_t size_;
  std::unique_ptr<char[]> bytes_;
};

std::string_view framing_name(body_framing framing) {
  switch (framing) {
    case body_framing::none: return "none";
    case body_framing::length: return "length";
    case body_framing::chunked: return "chunked";
    case body_framing::until_close: return "until_close";
  }
  return "";
}

std::string cat(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (std::string_view part : parts) out.append(part);
  return out;
}

std::string describe_common(const message_head& head) {
  std::string out = head.minor_version == 0 ? " 1.0" : " 1.1";
  out += head.keep_alive ? " keep" : " close";
  if (head.upgrade) out += " upgrade";
  for (const field& f : head.fields) out += cat({" [", f.name, ": ", f.value, "]"});
  return out;
}

std::string describe(const request_head& head) {
  std::string out = cat({head.method, " ", head.path});
  if (head.query.data() != nullptr) out += cat({"?", head.query});
  out += cat({" @", head.authority}) + describe_common(head);
  if (head.expects_continue) out += " continue";
  return out;
}

std::string describe(const response_head& head) {
  return cat({std::to_string(head.status), " '", head.reason, "'"}) + describe_common(head);
}

// What both transcripts share. `Parse` is called with the bytes, the head and how many of the bytes were seen before.
template <typename Head, typename Parse> class reader {
 public:
  reader(const transcript_options& options, Parse parse) : options_(options), parse_(parse) {}

  std::string read(std::span<const std::string_view> pieces) {
    for (std::string_view piece : pieces) {
      pending_.append(piece);
      while (!stopped_ && step()) {
      }
    }
    if (stopped_) return out_;
    if (in_body_ && options_.eof) {
      body_.at_eof();
      after_body_step();
    }
    if (in_body_) {
      out_ += cat({" '", content_, "'\nopen"});
    } else if (!stopped_ && !pending_.empty()) {
      out_ += "more";
    }
    return out_;
  }

 private:
  bool step() {
    if (pending_.empty()) return false;
    return in_body_ ? body_step() : head_step();
  }

  bool head_step() {
    const exact_copy bytes(pending_);
    const head_result result = parse_(bytes.view(), head_, seen_);
    if (result.state == parse_state::need_more) {
      seen_ = pending_.size();
      return false;
    }
    if (result.state == parse_state::error) {
      stop(result.error, result.size);
      return false;
    }
    out_ += describe(head_);
    body_ = body_decoder(head_, options_.body);
    in_body_ = true;
    content_.clear();
    if (head_.framing == body_framing::none) {
      out_ += "\n";
      in_body_ = false;
    } else {
      out_ += cat({" ", framing_name(head_.framing)});
    }
    pending_.erase(0, result.size);
    position_ += result.size;
    seen_ = 0;
    if (in_body_) after_body_step();
    return true;
  }

  bool body_step() {
    const exact_copy bytes(pending_);
    const body_decoder::step step = body_.decode(bytes.view());
    content_.append(step.data);
    pending_.erase(0, step.consumed);
    position_ += step.consumed;
    after_body_step();
    return !stopped_;
  }

  void after_body_step() {
    if (body_.state() == body_state::more) return;
    in_body_ = false;
    out_ += cat({" '", content_, "'\n"});
    if (body_.state() == body_state::error) stop(body_.error(), 0);
  }

  void stop(http1_error error, std::size_t offset) {
    stopped_ = true;
    out_ += cat({"error ", name(error), " ", std::to_string(status_for(error))});
    if (options_.positions) out_ += " at " + std::to_string(position_ + offset);
  }

  const transcript_options& options_;
  Parse parse_;
  Head head_;
  body_decoder body_;
  std::string pending_;
  std::string content_;
  std::string out_;
  std::size_t position_ = 0;
  std::size_t seen_ = 0;
  bool in_body_ = false;
  bool stopped_ = false;
};

template <typename Head, typename Parse>
std::string transcript(std::span<const std::string_view> pieces, const transcript_options& options, Parse parse) {
  return reader<Head, Parse>(options, parse).read(pieces);
}

}  // namespace

std::string request_transcript(std::span<const std::string_view> pieces, const transcript_options& options) {
  return transcript<request_head>(pieces, options,
                                  [&](std::string_view bytes, request_head& head, std::size_t already_seen) {
                                    return parse_request_head(bytes, head, options.head, already_seen);
                                  });
}

std::string response_transcript(std::span<const std::string_view> pieces, const transcript_options& options) {
  return transcript<response_head>(
      pieces, options, [&](std::string_view bytes, response_head& head, std::size_t already_seen) {
        return parse_response_head(bytes, head, options.request_method, options.head, already_seen);
      });
}

void for_each_split(std::string_view bytes, const std::function<void(std::span<const std::string_view>)>& check) {
  check(std::vector{bytes});
  std::vector<std::string_view> single;
  for (std::size_t i = 0; i < bytes.size(); ++i) single.push_back(bytes.substr(i, 1));
  check(single);
  for (std::size_t i = 1; i < bytes.size(); ++i) check(std::vector{bytes.substr(0, i), bytes.substr(i)});
}

}  // namespace lakh::wire
