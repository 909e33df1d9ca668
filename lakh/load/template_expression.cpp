#include <lakh/load/template_expression.hpp>

namespace lakh::load {
namespace {

constexpr std::size_t most_arguments = 1000;
constexpr std::size_t most_filters = 16;

class reader {
 public:
  reader(std::string_view text, std::size_t at, bool json_quotes) : text_(text), at_(at), json_quotes_(json_quotes) {}

  template_expression read() {
    template_expression result;
    const std::size_t begin = at_;
    at_ += 2;
    space();
    if (quote_length() != 0) {
      const std::size_t head = at_;
      result.literal = true;
      result.head.name = quoted();
      result.head.span = {head, at_ - head};
    } else {
      result.head = call("a name");
      if (next() == '.') {
        ++at_;
        result.has_member = true;
        result.member = quote_length() != 0 ? quoted() : name("a name");
        result.head.span.length = at_ - result.head.span.offset;
      }
    }
    space();
    while (next() == '|') {
      ++at_;
      space();
      if (result.filters.size() == most_filters) fail({at_, 1}, "too many filters");
      result.filters.push_back(call("a filter"));
      space();
    }
    if (!text_.substr(at_).starts_with("}}")) {
      if (at_ >= text_.size()) fail({begin, 2}, "'{{' is not closed by '}}'");
      fail({at_, 1}, "unexpected '" + character() + "' in an expression",
           "an expression reads like {{item}}, {{customers.name}}, {{int(1,5)}} or {{name|upper}}; a literal '{{' is "
           "written {{\"{{\"}}");
    }
    at_ += 2;
    result.span = {begin, at_ - begin};
    return result;
  }

  [[nodiscard]] std::size_t at() const noexcept { return at_; }

 private:
  [[noreturn]] static void fail(text_span span, std::string what, std::string hint = {}) {
    throw expression_error{span, std::move(what), std::move(hint)};
  }

  [[nodiscard]] char next() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
  // The character at hand, whole.
  [[nodiscard]] std::string character() const {
    std::size_t end = at_ + 1;
    while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xc0) == 0x80) ++end;
    return std::string(text_.substr(at_, end - at_));
  }

  void space() noexcept {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }

  static bool in_name(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           static_cast<unsigned char>(c) >= 0x80;
  }

  std::string name(std::string_view what) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && in_name(text_[at_])) ++at_;
    if (at_ == begin) fail({at_, at_ < text_.size() ? 1U : 0U}, std::string(what) + " is missing");
    return std::string(text_.substr(begin, at_ - begin));
  }

  // How many bytes open a quotation here: 0 for none.
  [[nodiscard]] std::size_t quote_length() const noexcept {
    if (next() == '"' || next() == '\'') return 1;
    return json_quotes_ && text_.substr(at_).starts_with("\\\"") ? 2 : 0;
  }

  std::string quoted() {
    const std::size_t begin = at_;
    const std::string_view mark = text_.substr(at_, quote_length());
    std::string out;
    at_ += mark.size();
    while (at_ < text_.size()) {
      if (text_.substr(at_).starts_with(mark)) {
        at_ += mark.size();
        return out;
      }
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        ++at_;
        switch (text_[at_]) {
          case 'n': out += '\n'; break;
          case 't': out += '\t'; break;
          case '\\':
          case '"':
          case '\'': out += text_[at_]; break;
          default: fail({at_ - 1, 2}, "unknown escape", "in quotation marks: \\\\ \\\" \\' \\n \\t");
        }
        ++at_;
        continue;
      }
      out += text_[at_++];
    }
    fail({begin, mark.size()}, "the quotation mark is not closed");
  }

  template_call call(std::string_view what) {
    template_call result;
    const std::size_t begin = at_;
    result.name = name(what);
    if (next() == '(') {
      ++at_;
      result.has_arguments = true;
      arguments(result);
    }
    result.span = {begin, at_ - begin};
    return result;
  }

  void arguments(template_call& result) {
    const std::size_t open = at_ - 1;
    space();
    if (next() == ')') {
      ++at_;
      return;
    }
    for (;;) {
      if (result.arguments.size() == most_arguments) fail({at_, 1}, "too many arguments");
      space();
      template_argument argument;
      argument.span.offset = at_;
      if (quote_length() != 0) {
        argument.quoted = true;
        argument.text = quoted();
        argument.span.length = at_ - argument.span.offset;
      } else {
        while (at_ < text_.size() && std::string_view(",(){}\"'|\\\n").find(text_[at_]) == std::string_view::npos)
          ++at_;
        std::string_view bare = text_.substr(argument.span.offset, at_ - argument.span.offset);
        while (bare.ends_with(' ') || bare.ends_with('\t')) bare.remove_suffix(1);
        if (bare.empty())
          fail({at_, at_ < text_.size() ? 1U : 0U}, "an argument is missing", "an empty text is written \"\"");
        argument.text = bare;
        argument.span.length = bare.size();
      }
      result.arguments.push_back(std::move(argument));
      space();
      if (next() == ')') break;
      if (at_ >= text_.size()) fail({open, 1}, "'(' is not closed by ')'");
      if (next() != ',') {
        fail({at_, 1}, "unexpected '" + character() + "' among arguments",
             "put an argument with special characters in quotation marks");
      }
      ++at_;
    }
    ++at_;
  }

  std::string_view text_;
  std::size_t at_;
  bool json_quotes_;
};

}  // namespace

template_expression read_expression(std::string_view text, std::size_t& at, bool json_quotes) {
  reader r(text, at, json_quotes);
  template_expression result = r.read();
  at = r.at();
  return result;
}

}  // namespace lakh::load
