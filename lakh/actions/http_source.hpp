// A server that is asked what it has, one GET after another: with the headers that the plan gives for it, within the
// plan's time limits, and again by the plan's retry rule. Internal to the room.
#pragma once

#include <lakh/async/task.hpp>
#include <lakh/core/config.hpp>
#include <lakh/http/session.hpp>
#include <lakh/load/plan.hpp>
#include <lakh/load/template.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace lakh::actions {

class http_source {
 public:
  // `headers` is a mapping, or null where none are given; `label` is what it is called: "reconcile.list.headers".
  // Throws input_error that names the place.
  http_source(const load::plan& p, const load::template_scope& scope, const config* headers, const std::string& label);

  [[nodiscard]] http::session_options options(const load::render_input& of_run, std::size_t connections) const;

  // The first answer that is more than "not now": a connection that fails, 408, 425, 429, 5xx and what the plan lists
  // are tried again as often as the plan says. Throws the last failure of the transport; a status is the caller's to
  // judge.
  task<http::response> ask(http::session& by, std::string url) const;

 private:
  struct header {
    std::string name;
    load::text_template value;
  };
  std::vector<header> headers_;
  load::plan_timeouts timeouts_;
  std::uint64_t answer_limit_;
  load::retry_policy retry_;
};

// The text of a template for a run or an item. Throws input_error that tells what is wrong with it.
std::string render_text(const load::text_template& text, const load::render_input& input);

// A template that may depend on the run and its target, but on no item. Throws input_error at its place.
load::text_template template_of_run(const config& scalar, load::text_format format, const load::template_scope& scope,
                                    const std::string& label);
// One that may depend on the item's number, but on nothing that only sending an item brings: no feeds, nothing kept.
load::text_template template_of_item(const config& scalar, load::text_format format, const load::template_scope& scope,
                                     const std::string& label);

}  // namespace lakh::actions
