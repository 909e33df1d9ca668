#include <lakh/actions/http_listing.hpp>
#include <lakh/actions/http_source.hpp>
#include <lakh/actions/json_entries.hpp>
#include <lakh/async/queue.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/core/error.hpp>
#include <lakh/core/json_path.hpp>
#include <lakh/core/json_text.hpp>
#include <lakh/core/text.hpp>
#include <lakh/load/reference_form.hpp>
#include <lakh/wire/percent.hpp>
#include <lakh/wire/url.hpp>

#include <optional>
#include <utility>

namespace lakh::actions {
namespace {

constexpr unsigned most_empty_pages = 1000;  // in a row
constexpr std::size_t longest_cursor = 8192;

// Finds out that a listing goes in circles, whatever the circle's length, and remembers one cursor only (Brent).
class circle_watch {
 public:
  // True where the cursor was given before.
  bool again(const std::string& cursor) {
    if (cursor == remembered_) return true;
    if (++steps_ == until_) {
      remembered_ = cursor;
      steps_ = 0;
      until_ *= 2;
    }
    return false;
  }

 private:
  std::string remembered_;
  std::uint64_t steps_ = 0;
  std::uint64_t until_ = 1;
};

}  // namespace

struct http_listing::program {
  program(const load::plan& p, const load::template_scope& scope, config_reader read)
      : source(p, scope, read.find("headers"), "reconcile.list.headers"),
        url(template_of_run(read.require("url"), load::text_format::url, scope, "reconcile.list.url")),
        entries(read.require("entries").text("reconcile.list.entries"), read.require("entries").place()),
        fields(read, "reconcile.list"),
        item(template_of_item(read.require("item"), load::text_format::plain, scope, "reconcile.list.item")),
        item_place(read.require("item").place()) {
    if (const config* at = read.find("next")) next.emplace(at->text("reconcile.list.next"), at->place());
    if (const config* at = read.find("cursor")) {
      if (!next) at->fail("reconcile.list.cursor says how `next` is carried back, and there is no `next`");
      cursor = at->text("reconcile.list.cursor");
    }
    static_cast<void>(read.require("reference"));
    read.finish();
    load::check_reference_form(item, item_place);
  }

  // The page that `cursor` names.
  [[nodiscard]] std::string page_at(const std::string& first, const std::string& from, const std::string& mark) const {
    if (cursor.empty()) {
      const lakh::url base(first);
      const lakh::url there = lakh::url(from).join(requote(mark));
      // The headers may carry a secret, which is the target's alone.
      if (there.scheme() != base.scheme() || there.authority() != base.authority())
        throw protocol_error("the listing at " + from + " goes on at another server: " + there.text(),
                             "if `next` is not a URL, name the query parameter that carries it: `cursor:`");
      return there.text();
    }
    std::string at = first + (first.find('?') == std::string::npos ? "?" : "&");
    append_form_encoded(at, cursor);
    at += '=';
    append_form_encoded(at, mark);
    return at;
  }

  // Nothing on the last page.
  [[nodiscard]] std::optional<std::string> mark_after(const std::string& page, const std::string& at) const {
    if (!next) return std::nullopt;
    const json_raw raw = next->raw(page);
    if (raw.status == json_lookup::absent) return std::nullopt;
    if (raw.status != json_lookup::found)
      throw protocol_error("the listing at " + at + " gives an answer that is not JSON");
    if (raw.text == "null" || raw.text == "\"\"") return std::nullopt;
    std::string text;
    if (raw.text.size() > longest_cursor || raw.text.front() == '{' || raw.text.front() == '[' ||
        !append_json_text(text, raw.text))
      throw protocol_error("the listing at " + at + " has no usable cursor at " + next->text(),
                           "does `next` in the plan name the right place?");
    return text;
  }

  http_source source;
  load::text_template url;
  json_path entries;
  std::optional<json_path> next;
  std::string cursor;
  json_fields fields;
  load::text_template item;
  input_place item_place;
};

http_listing::http_listing(const load::plan& p, const load::template_scope& scope, const config& list)
    : program_(std::make_unique<const program>(p, scope, config_reader(list, "reconcile.list"))) {}

http_listing::~http_listing() = default;

task<void> http_listing::read(const load::render_input& of_run, const item_cursor& /*asked*/,
                              const entry_sink& tell) const {
  const program& my = *program_;
  const load::reference_form form(my.item, of_run, my.item_place);
  http::session http(my.source.options(of_run, 1));
  const std::string first = url(requote(render_text(my.url, of_run))).without_fragment().text();

  struct page {
    page(std::string from, std::string text) : at(std::move(from)), body(std::move(text)) {}
    std::string at;
    std::string body;
  };
  queue<page> pages(1);

  const auto fetch = [&]() -> task<void> {
    circle_watch circle;
    std::string at = first;
    for (;;) {
      http::response answer = co_await my.source.ask(http, at);
      answer.raise_for_status();
      page got(at, std::move(answer).body());
      const std::optional<std::string> mark = my.mark_after(got.body, at);
      if (mark && circle.again(*mark))
        throw protocol_error("the listing at " + first + " goes in circles: it gives the page '" + *mark + "' again");
      co_await pages.push(std::move(got));
      if (!mark) break;
      at = my.page_at(first, at, *mark);
    }
    pages.close();
  };
  const auto told = [&]() -> task<void> {
    unsigned empty = 0;
    while (std::optional<page> one = co_await pages.pop()) {
      const std::size_t count = for_each_entry(one->body, my.entries, my.fields, "the listing at " + one->at,
                                               [&](const json_fields::values& given) {
                                                 load::target_entry entry;
                                                 entry.reference = given.reference;
                                                 entry.item = form.item_of(given.reference);
                                                 entry.digest = given.digest;
                                                 tell(entry);
                                               });
      empty = count == 0 ? empty + 1 : 0;
      if (empty > most_empty_pages)
        throw protocol_error("the listing at " + first + " does not end: " + std::to_string(most_empty_pages) +
                             " pages in a row have no entry");
    }
  };
  co_await in_scope([&](scope& both) -> task<void> {
    both.spawn(fetch());
    co_await told();
  });
}

}  // namespace lakh::actions
