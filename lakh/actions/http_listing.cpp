#include <lakh/actions/http_listing.hpp>
#include <lakh/async/loop.hpp>
#include <lakh/core/error.hpp>
#include <lakh/core/json.hpp>
#include <lakh/core/json_path.hpp>
#include <lakh/core/text.hpp>
#include <lakh/http/session.hpp>
#include <lakh/wire/url.hpp>

namespace lakh::actions {
namespace {

// A listing that hands out the same cursor again would never end; one with more pages than this is taken for such.
constexpr std::uint64_t most_pages = 10'000'000;

std::string_view text_of(const json::value* value) {
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

}  // namespace

struct http_listing::program {
  program(const load::plan& p, const load::template_scope& scope, config_reader read)
      : url(load::text_template::from(read.require("url"), load::text_format::url, scope, "reconcile.url")),
        entries(read.require("entries").text("reconcile.list.entries"), read.require("entries").place()),
        reference(read.require("reference").text("reconcile.list.reference"), read.require("reference").place()),
        item(load::text_template::from(read.require("item"), load::text_format::plain, scope, "reconcile.item")),
        item_place(read.require("item").place()),
        timeout(p.timeouts.total),
        retry(p.retry) {
    if (const config* at = read.find("next")) next.emplace(at->text("reconcile.list.next"), at->place());
    if (const config* at = read.find("cursor")) cursor = at->text("reconcile.list.cursor");
    if (const config* at = read.find("digest")) digest.emplace(at->text("reconcile.list.digest"), at->place());
    if (const config* at = read.find("headers"))
      for (const auto& [name, value] : at->entries("reconcile.list.headers"))
        headers.emplace_back(
            name, load::text_template::from(value, load::text_format::header, scope, "reconcile.headers." + name));
    read.finish();
  }
  load::text_template url;
  std::vector<std::pair<std::string, load::text_template>> headers;
  json_path entries;
  std::optional<json_path> next;
  std::string cursor;
  json_path reference;
  load::text_template item;
  input_place item_place;
  std::optional<json_path> digest;
  std::chrono::nanoseconds timeout;
  load::retry_policy retry;
};

http_listing::http_listing(const load::plan& p, const load::template_scope& scope) {
  config_reader outer(p.reconcile, "reconcile");
  program_ = std::make_unique<const program>(p, scope, config_reader(outer.require("list"), "reconcile.list"));
  outer.finish();
}

http_listing::~http_listing() = default;

task<load::reconciliation> http_listing::reconcile(const load::item_states& states, std::uint64_t requested,
                                                   const load::render_input& of_run,
                                                   std::function<std::uint64_t(std::uint64_t)> sent_digest) const {
  const program& my = *program_;
  load::reconciler compare(states, requested, load::reference_form(my.item, of_run, my.item_place),
                           std::move(sent_digest));
  const auto render = [&](const load::text_template& text) {
    std::string out;
    if (const auto result = text.render(of_run, out); !result) throw input_error(text.explain(result));
    return out;
  };
  http::session_options options;
  options.timeout(my.timeout);
  for (const auto& [name, value] : my.headers) options.header(name, render(value));
  http::session http(std::move(options));

  const time_point start = loop::current().now();
  const std::string first = render(my.url);
  std::string at = first;
  std::string last_cursor;
  for (std::uint64_t page = 0;; ++page) {
    if (page == most_pages) throw protocol_error("the listing at " + first + " does not end");
    const http::response answer = co_await http.get(at);
    answer.raise_for_status();
    const json::value document = answer.json();
    const json::value* entries = my.entries.find(document);
    if (entries == nullptr || !entries->is_array())
      throw protocol_error("the listing at " + at + " has no array at " + my.entries.text(),
                           "does `entries` in the plan name the right place?");
    for (const json::value& entry : entries->get_array()) {
      const json::value* reference = my.reference.find(entry);
      compare.add(text_of(reference), my.digest ? text_of(my.digest->find(entry)) : std::string_view());
    }
    const json::value* next = my.next ? my.next->find(document) : nullptr;
    if (next == nullptr || next->is_null()) break;
    std::string cursor = next->is_string() ? std::string(next->get_string()) : json::serialize(*next);
    if (cursor.empty()) break;
    if (cursor == last_cursor)
      throw protocol_error("the listing at " + first + " gives the same next page again: '" + cursor + "'");
    last_cursor = cursor;
    if (my.cursor.empty()) {
      at = url(first).join(cursor).text();
    } else {
      at = first + (first.find('?') == std::string::npos ? "?" : "&") + my.cursor + "=";
      append_form_encoded(at, cursor);
    }
  }
  load::reconciliation result = compare.finish();
  result.seconds = std::chrono::duration<double>(loop::current().now() - start).count();
  co_return result;
}

}  // namespace lakh::actions
