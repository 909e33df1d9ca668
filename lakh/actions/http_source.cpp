#include <lakh/actions/http_source.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/core/error.hpp>
#include <lakh/core/random.hpp>
#include <lakh/wire/http_date.hpp>

#include <algorithm>
#include <optional>

namespace lakh::actions {
namespace {

// A page of a listing may be larger than the answer to one item.
constexpr std::uint64_t least_answer_limit = 64ULL * 1024 * 1024;

bool may_pass(int status, const load::retry_policy& retry) {
  if (status == 408 || status == 425 || status == 429) return true;
  if (status >= 500 && status != 501 && status != 505) return true;
  return std::ranges::find(retry.statuses, status) != retry.statuses.end();
}

}  // namespace

http_source::http_source(const load::plan& p, const load::template_scope& scope, const config* headers,
                         const std::string& label)
    : timeouts_(p.timeouts), answer_limit_(std::max(p.limits.answer_bytes, least_answer_limit)), retry_(p.retry) {
  if (headers == nullptr) return;
  for (const auto& [name, value] : headers->entries(label))
    headers_.push_back({name, template_of_run(value, load::text_format::header, scope, label + "." + name)});
}

http::session_options http_source::options(const load::render_input& of_run, std::size_t connections) const {
  http::session_options options;
  options.timeout(timeouts_.total)
      .connect_timeout(timeouts_.connect)
      .first_byte_timeout(timeouts_.first_byte)
      .answer_limit(answer_limit_)
      .connections_per_host(connections);
  for (const header& each : headers_) options.header(each.name, render_text(each.value, of_run));
  return options;
}

task<http::response> http_source::ask(http::session& by, std::string url) const {
  for (unsigned attempt = 1;; ++attempt) {
    const bool last = attempt >= retry_.attempts;
    std::optional<std::chrono::nanoseconds> patience;
    try {
      http::response answer = co_await by.get(url);
      if (last || !may_pass(answer.status(), retry_)) co_return answer;
      if (const std::string_view field = answer.header("Retry-After"); !field.empty())
        patience =
            wire::parse_retry_after(field, std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
    } catch (const transport_error&) {
      if (last) throw;
    }
    const auto chance = static_cast<std::uint64_t>(loop::current().now().time_since_epoch().count());
    co_await sleep_for(load::backoff(retry_, attempt, mix(chance, attempt), patience));
  }
}

std::string render_text(const load::text_template& text, const load::render_input& input) {
  std::string out;
  if (const auto result = text.render(input, out); !result) throw input_error(text.explain(result));
  return out;
}

load::text_template template_of_run(const config& scalar, load::text_format format, const load::template_scope& scope,
                                    const std::string& label) {
  load::text_template text = load::text_template::from(scalar, format, scope, label);
  if (!text.same_for_every_item())
    scalar.fail(label + " must be the same for every item", "it may use {{run}}, {{target}} and {{env.NAME}}");
  return text;
}

load::text_template template_of_item(const config& scalar, load::text_format format, const load::template_scope& scope,
                                     const std::string& label) {
  load::text_template text = load::text_template::from(scalar, format, scope, label);
  if (text.uses_kept() || !text.cells().empty())
    scalar.fail(label + " may not use feeds or what steps keep",
                "it may use {{run}}, {{item}}, {{target}} and {{env.NAME}}");
  return text;
}

}  // namespace lakh::actions
