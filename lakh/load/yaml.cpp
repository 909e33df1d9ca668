#include <lakh/core/text.hpp>
#include <lakh/load/feed_file.hpp>
#include <lakh/load/yaml.hpp>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <optional>
#include <sstream>

namespace lakh::load {
namespace {

constexpr std::size_t most_bytes = 1U << 20;  // of the file
constexpr std::size_t most_depth = 64;
constexpr std::size_t most_nodes = 100'000;         // with aliases written out
constexpr std::size_t most_text_bytes = 16U << 20;  // likewise

const char* const template_hint = "if this is a template, put the whole text in quotation marks: \"{{item}}\"";

// Builds the tree from yaml-cpp's events. Nodes are shared, so an alias costs nothing here; but whoever walks the tree
// walks it every time, and so each alias is counted as if it were written out.
class builder : public YAML::EventHandler {
 public:
  builder(std::string_view text, const std::string& file) : text_(text), file_(file) {
    lines_.push_back(0);
    for (std::size_t i = 0; i < text.size(); ++i)
      if (text[i] == '\n') lines_.push_back(i + 1);
  }

  [[nodiscard]] input_place place(const YAML::Mark& mark) const {
    if (mark.is_null()) return input_place(file_);
    const auto line = static_cast<std::size_t>(mark.line);
    if (line >= lines_.size()) {
      const auto end = position_of(text_, text_.size());
      return input_place(file_, end.line, end.column);
    }
    // yaml-cpp counts bytes.
    const std::string_view rest = text_.substr(lines_[line]);
    return input_place(file_, line + 1, position_of(rest, static_cast<std::size_t>(mark.column)).column);
  }

  [[noreturn]] void fail(const YAML::Mark& mark, const std::string& what, std::string hint = {}) const {
    throw input_error(place(mark), what, std::move(hint));
  }

  [[nodiscard]] config take() { return root_ ? *root_ : config::null(input_place(file_)); }
  [[nodiscard]] bool has_template(std::size_t line) const {
    if (line >= lines_.size()) return false;
    const std::string_view rest = text_.substr(lines_[line]);
    return rest.substr(0, rest.find('\n')).find("{{") != std::string_view::npos;
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) fail(mark, "there is a second document", "a plan is one document: take out the '---' line");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(mark, anchor, config::null(place(mark)), {1, 0});
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) fail(mark, "an alias stands inside what it names");
    if (!frames_.empty() && frames_.back().wants_key()) fail(mark, "a key cannot be an alias");
    put(mark, found->second.first, found->second.second);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const bool text_tag = tag == "tag:yaml.org,2002:str";
    if (!tag.empty() && tag != "?" && tag != "!" && !text_tag) refuse_tag(mark, tag);
    const auto style = tag == "!" || text_tag ? config::style::quoted : config::style::plain;
    add(mark, anchor, config::scalar(value, style, place(mark)), {1, value.size()});
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, false);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, true);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct size {
    std::size_t nodes = 0;
    std::size_t bytes = 0;
  };
  struct frame {
    bool mapping = false;
    YAML::Mark mark;
    YAML::anchor_t anchor = 0;
    size inside{1, 0};
    std::vector<config> items;
    std::vector<config::entry> entries;
    std::vector<input_place> key_places;
    std::optional<std::string> key;
    [[nodiscard]] bool wants_key() const noexcept { return mapping && !key; }
  };

  [[noreturn]] void refuse_tag(const YAML::Mark& mark, const std::string& tag) const {
    fail(mark, "the tag '" + tag + "' is not supported", "write the value without it");
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, bool mapping) {
    if (!tag.empty() && tag != "?" && tag != "!") refuse_tag(mark, tag);
    if (!frames_.empty() && frames_.back().wants_key()) fail(mark, "a key must be plain text", template_hint);
    if (frames_.size() == most_depth) fail(mark, "nested too deeply");
    frame opened;
    opened.mapping = mapping;
    opened.mark = mark;
    opened.anchor = anchor;
    frames_.push_back(std::move(opened));
  }

  void close() {
    frame closed = std::move(frames_.back());
    frames_.pop_back();
    config made = closed.mapping
                      ? config::mapping(std::move(closed.entries), place(closed.mark), std::move(closed.key_places))
                      : config::sequence(std::move(closed.items), place(closed.mark));
    add(closed.mark, closed.anchor, std::move(made), closed.inside);
  }

  void add(const YAML::Mark& mark, YAML::anchor_t anchor, config node, size of_node) {
    if (anchor != 0) anchors_.insert_or_assign(anchor, std::pair(node, of_node));
    put(mark, std::move(node), of_node);
  }

  void put(const YAML::Mark& mark, config node, size of_node) {
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    frame& into = frames_.back();
    into.inside.nodes += of_node.nodes;
    into.inside.bytes += of_node.bytes;
    if (into.inside.nodes > most_nodes || into.inside.bytes > most_text_bytes)
      fail(mark, "the document is too large", "with aliases written out it has over 100,000 values or 16 MiB");
    if (!into.mapping) {
      into.items.push_back(std::move(node));
    } else if (into.key) {
      into.entries.emplace_back(std::move(*into.key), std::move(node));
      into.key.reset();
    } else {
      if (!node.is_scalar()) fail(mark, "a key is missing");
      into.key = node.text("a key");
      into.key_places.push_back(place(mark));
    }
  }

  std::string_view text_;
  const std::string& file_;
  std::vector<std::size_t> lines_;
  std::vector<frame> frames_;
  std::map<YAML::anchor_t, std::pair<config, size>> anchors_;
  std::optional<config> root_;
  int documents_ = 0;
};

void check_text(std::string_view text, const std::string& file) {
  const auto fail = [&](std::size_t offset, const std::string& what, std::string hint = {}) {
    const auto at = position_of(text, offset);
    throw input_error(input_place(file, at.line, at.column), what, std::move(hint));
  };
  if (text.size() > most_bytes) throw input_error(input_place(file), "the file is larger than 1 MiB");
  if (const auto bad = find_bad_utf8(text); bad != std::string_view::npos)
    fail(bad, "the text is not UTF-8 here", "convert it: iconv -f WINDOWS-1252 -t UTF-8");
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    // yaml-cpp takes one of them for the end of the file.
    if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
      fail(i, "a control character", "write it in quotation marks as \\x04");
  }
}

}  // namespace

config parse_yaml(std::string_view text, const std::string& file_name) {
  check_text(text, file_name);
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  builder build(text, file_name);
  try {
    // Where the text ends with a line break inside quotation marks, yaml-cpp closes them silently; a last comment
    // prevents it.
    std::istringstream stream(std::string(text) + "\n#");
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(build)) {
    }
  } catch (const YAML::Exception& e) {
    std::string hint;
    if (!e.mark.is_null() && build.has_template(static_cast<std::size_t>(e.mark.line))) hint = template_hint;
    build.fail(e.mark, "this is not YAML: " + e.msg, hint);
  }
  return build.take();
}

config load_yaml(const std::filesystem::path& file) {
  return parse_yaml(feed_bytes::open(file).view(), file.string());
}

}  // namespace lakh::load
