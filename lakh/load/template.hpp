// Templates: text with `{{expressions}}`, compiled once for the place where the text will stand (JSON, URL, form,
// header), and rendered per item. Escaping is chosen by that place, so no value can break out of it.
//
//   {{item}} {{run}} {{target}} {{uuid}}              the item's number, the run's id, the plan's target, a random UUID
//   {{customers.name}} {{create.id}} {{qty}}          a feed's column, what a step kept, a value named under `let:`
//   {{env.SHOP_TOKEN}} {{"{{"}}                       an environment variable, a literal
//   {{int(1,5)}} {{float(0,1,2)}} {{chance(0.2)}} {{pick(red,"light blue")}}
//   {{hex(16)}} {{letters(8)}} {{digits(6)}} {{word}} {{words(3,8)}} {{sentence}} {{name}}
//   {{date}} {{time}} {{datetime}} {{timestamp}}      when the run started, UTC; {{date(2026-01-01,2026-12-31)}} is
//   random
//   {{name|upper}}                                    filters: upper lower trim url path json string number raw pad(8)
//   base64
//
// Every value is a function of (seed, run, item) and of the expression's own place in the plan: a retry sends the same
// bytes, and so does another lane, process or machine.
#pragma once

#include <lakh/core/config.hpp>
#include <lakh/core/error.hpp>
#include <lakh/core/random.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lakh::load {

// What the text will be part of.
enum class text_format : std::uint8_t {
  plain,   // nothing is escaped
  json,    // JSON text: inside quotation marks a value is escaped; outside it becomes a JSON value
  url,     // a URL: values are percent-encoded, but for one at the very start ({{target}})
  form,    // one name or value of application/x-www-form-urlencoded
  header,  // a header field's value: one with a control character is refused, not sent
};

enum class value_type : std::uint8_t { text, number, boolean, json };

// Random values of a run, and of one of its items.
constexpr std::uint64_t run_random(std::uint64_t seed, std::string_view run) noexcept {
  return mix(mix(seed, 1), run);
}
constexpr std::uint64_t item_random(std::uint64_t of_run, std::uint64_t item) noexcept {
  return mix(of_run, item);
}

// All that a rendering depends on. Views must outlive the call only.
struct render_input {
  std::string_view run;                     // the run's id
  std::uint64_t item = 0;                   // from 0
  std::uint64_t random = 0;                 // item_random(run_random(seed, run), item)
  std::chrono::sys_seconds start{};         // when the run started (as recorded, so the same after a resume)
  std::span<const std::string_view> cells;  // every feed's row, one after another: template_scope::cell_count() of them
  std::span<const std::string_view> kept;  // what steps kept: kept_count() of them; data() == nullptr: nothing was kept
};

enum class render_status : std::uint8_t {
  ok,
  control_character,  // a header or URL value with CR, LF, NUL or the like
  not_a_number,       // |number on something else
  not_json,           // |raw on something that is no JSON
  nothing_kept,       // a kept value that the step's answer did not have
  bad_encoding,       // a value that is not UTF-8 where JSON needs it (kept from an answer)
};
std::string_view name(render_status status) noexcept;

struct [[nodiscard]] render_result {
  render_status status = render_status::ok;
  std::uint32_t part = 0;  // which expression; text_template::explain() names it
  explicit operator bool() const noexcept { return status == render_status::ok; }
};

// A mistake in a template. what() reads "plan.yaml:12:20: unknown value 'custmers.name'".
class template_error : public input_error {
 public:
  template_error(const input_place& place, std::string text, std::size_t offset, std::size_t length,
                 const std::string& what, std::string hint = {})
      : input_error(place, what, std::move(hint)), text_(std::move(text)), offset_(offset), length_(length) {}
  // The template, and the bytes in it that are wrong.
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] std::size_t offset() const noexcept { return offset_; }
  [[nodiscard]] std::size_t length() const noexcept { return length_; }

 private:
  std::string text_;
  std::size_t offset_;
  std::size_t length_;
};

namespace detail {
struct template_program;
}

// The names that expressions may use. Filled in the order of the plan: feeds, `let`, then what each step keeps once
// that step is compiled, so that a step sees only what came before it.
class template_scope {
 public:
  template_scope();
  ~template_scope();
  template_scope(const template_scope&) = delete;
  template_scope& operator=(const template_scope&) = delete;

  using environment = std::function<std::optional<std::string>(std::string_view name)>;
  // By default the process's environment.
  void set_environment(environment look_up);
  void set_target(std::string target);
  // The number of the feed's first cell in render_input::cells. Throws input_error for a name that is taken.
  std::size_t add_feed(const std::string& feed, std::span<const std::string> columns, const input_place& place = {});
  // A named value; its text may use all that was added before. Throws template_error.
  void add_value(const std::string& name, std::string_view text, const input_place& place = {});
  // The number of the value in render_input::kept. Throws input_error for a name that is taken.
  std::size_t add_kept(const std::string& step, const std::string& name, const input_place& place = {});

  [[nodiscard]] std::size_t cell_count() const noexcept;
  [[nodiscard]] std::size_t kept_count() const noexcept;

 private:
  friend class text_template;
  friend class template_compiler;
  struct names;
  std::unique_ptr<names> names_;
};

// Immutable; may be rendered by many threads at once. Copies share.
class text_template {
 public:
  text_template();  // renders nothing

  // `label` makes the random values of this template its own: the path of the setting in the plan, such as
  // "create.http.json". Templates with the same label and text render the same values. Throws template_error.
  text_template(std::string_view text, text_format format, const template_scope& scope, std::string_view label,
                const input_place& place = {});

  // From a scalar of the configuration.
  static text_template from(const config& scalar, text_format format, const template_scope& scope,
                            std::string_view label);
  // JSON from a tree. A quoted scalar is a string, but one that is a single expression of type number, boolean or json
  // stands without quotation marks. Names may hold expressions too.
  static text_template json_from(const config& tree, const template_scope& scope, std::string_view label);
  // name=value&name=value from a mapping; a sequence repeats its name.
  static text_template form_from(const config& mapping, const template_scope& scope, std::string_view label);

  // Appends to `out`; allocates only by its growth. After a failure `out` is as it was before.
  render_result render(const render_input& input, std::string& out) const;
  // "'{{customers.name}}' holds a control character": what to tell the user.
  [[nodiscard]] std::string explain(const render_result& result) const;

  // number, boolean or json where the template is exactly one expression of that type.
  [[nodiscard]] value_type type() const noexcept;
  // The same text for every item (though not for every run).
  [[nodiscard]] bool same_for_every_item() const noexcept;
  // The same text always; then constant_text() is it.
  [[nodiscard]] bool constant() const noexcept;
  [[nodiscard]] std::string constant_text() const;
  [[nodiscard]] bool uses_kept() const noexcept;
  // The cells that it reads, ascending, each once.
  [[nodiscard]] const std::vector<std::uint32_t>& cells() const noexcept;
  [[nodiscard]] bool empty() const noexcept;

 private:
  friend class template_compiler;
  friend class template_scope;
  explicit text_template(std::shared_ptr<const detail::template_program> program) noexcept;
  std::shared_ptr<const detail::template_program> program_;
};

}  // namespace lakh::load
