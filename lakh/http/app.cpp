#include <lakh/http/app.hpp>

#include <algorithm>
#include <cstdio>

namespace lakh::http {
namespace {

// The pattern with its names left out: two of the same shape match the same paths.
std::string shape_of(std::string_view pattern) {
  std::string out;
  bool name = false;
  for (const char c : pattern) {
    if (c == '}') name = false;
    if (!name || c == '.') out += c;
    if (c == '{') name = true;
  }
  return out;
}

}  // namespace

app::app(std::string title, std::string version) : info_{std::move(title), std::move(version), {}} {
  get("/openapi.json", [this]() -> reply {
    std::call_once(document_once_, [this] { document_ = openapi(); });
    return reply().json_text(document_);
  }).hide();
}

app::~app() = default;

app& app::description(std::string text) {
  info_.description = std::move(text);
  return *this;
}

app& app::after(std::function<void(const access_record&)> function) {
  after_.push_back(std::move(function));
  return *this;
}

app& app::on_failure(std::function<void(const request&, const std::exception_ptr&)> function) {
  on_failure_ = std::move(function);
  return *this;
}

route& app::add(operation about, std::unique_ptr<handler> run, bool takes_body) {
  std::vector<std::string> names = router::names_of(about.pattern);
  for (const operation::parameter& p : about.parameters)
    if (p.place == "path" && std::ranges::find(names, p.name) == names.end())
      throw input_error(
          "the handler of '" + about.pattern + "' takes a path parameter '" + p.name + "', which is not in the pattern",
          "write {" + p.name + "} where it stands in the path");
  // OpenAPI knows one name for what stands at one place of a path.
  for (const route& earlier : routes_)
    if (shape_of(earlier.about().pattern) == shape_of(about.pattern) && earlier.names() != names)
      throw input_error("route pattern '" + about.pattern + "': an earlier route for the same paths names them '" +
                            earlier.about().pattern + "'",
                        "use the same names in both");
  router_.add(about.method, about.pattern, routes_.size());
  return routes_.emplace_back(std::move(run), std::move(about), std::move(names), takes_body);
}

std::string app::openapi() const {
  std::vector<const operation*> operations;
  operations.reserve(routes_.size());
  for (const route& r : routes_) operations.push_back(&r.about());
  return openapi_document(info_, operations);
}

service::body_plan app::plan(request& in) const {
  using wire::http_method;
  const router::place* place = router_.find(in.method_code(), in.path(), in.captures());
  if (place == nullptr) return {};
  std::size_t index = place->at(in.method_code());
  if (index == router::none && in.method_code() == http_method::head) index = place->at(http_method::get);
  if (index == router::none) return {};
  const route& found = routes_[index];
  in.match(&found, found.about().pattern, &found.names());
  return {found.body_limit(), found.takes_body()};
}

task<void> app::answer(request& in, response_writer& out) const {
  for (std::size_t i = 0; i < before_.size(); ++i)
    if (task<void> waiting = before_[i](in)) return answer_after(in, out, std::move(waiting), i + 1);
  return run_handler(in, out);
}

task<void> app::answer_after(request& in, response_writer& out, task<void> waiting, std::size_t next) const {
  co_await std::move(waiting);
  for (std::size_t i = next; i < before_.size(); ++i)
    if (task<void> more = before_[i](in)) co_await std::move(more);
  if (task<void> rest = run_handler(in, out)) co_await std::move(rest);
}

task<void> app::run_handler(request& in, response_writer& out) const {
  if (in.matched() != nullptr) return in.matched()->run().handle(in, out);
  answer_unmatched(in, out);
  return {};
}

void app::answer_unmatched(const request& in, response_writer& out) const {
  using wire::http_method;
  constexpr std::string_view everything = "Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH\r\n";
  const http_method method = in.method_code();
  if (method == http_method::options && in.head().form == wire::target_form::asterisk)
    return out.send(204, {}, {}, everything);
  if (method == http_method::other || method == http_method::connect)
    return out.send(problem(501, "the method " + shortened(in.method()) + " is not known here"), everything);
  router::captures captures;
  const router::place* place = router_.find(method, in.path(), captures);
  if (place == nullptr) return out.send(problem(404, "there is nothing at " + shortened(in.path())));
  const std::string allow = "Allow: " + place->allow + "\r\n";
  if (method == http_method::options) return out.send(204, {}, {}, allow);
  out.send(problem(405, shortened(in.path()) + " takes " + place->allow), allow);
}

void app::failed(const request& in, const std::exception_ptr& failure) const noexcept {
  if (on_failure_) return on_failure_(in, failure);
  std::string what = "unknown exception";
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& e) {
    what = e.what();
  } catch (...) {  // NOLINT(bugprone-empty-catch): nothing more is known of it
  }
  std::fprintf(stderr, "error: %s %s: %s\n", std::string(in.method()).c_str(), std::string(in.path()).c_str(),
               what.c_str());
}

void app::answered(const request& in, int status, std::uint64_t content_size, duration took) const noexcept {
  const access_record record{in, status, content_size, took};
  for (const auto& function : after_) function(record);
}

}  // namespace lakh::http
