#include "load_metrics.hpp"

#include <lakh/core/version.hpp>
#include <lakh/http/app.hpp>
#include <lakh/http/reply.hpp>
#include <lakh/load/run_folder.hpp>
#include <lakh/net/listener.hpp>

#include <array>
#include <utility>

namespace lakh::cli {

struct load_metrics::state {
  state(std::string address, load::metrics_facts who)
      : at(std::move(address)), facts(std::move(who)), app("lakh load", std::string(version)) {
    app.get("/metrics", [this] {
      http::reply answer(200);
      answer.content(std::string(load::metrics_type), load::metrics_text(now, facts));
      return answer;
    });
  }

  std::string at;
  load::metrics_facts facts;
  load::run_progress now;
  http::app app;
};

load_metrics::load_metrics(std::string at, load::metrics_facts facts)
    : state_(std::make_unique<state>(std::move(at), std::move(facts))) {
  state_->facts.target = load::without_secrets(std::array{state_->facts.target}).front();
  net::check_free(net::endpoint::parse(state_->at));
}

load_metrics::~load_metrics() = default;

task<void> load_metrics::serve() {
  http::serve_options options;
  options.stop_on_signals(false).grace(std::chrono::seconds(0));
  co_await state_->app.serve(state_->at, options);
}

void load_metrics::update(const load::run_progress& now) {
  state_->now = now;
}

}  // namespace lakh::cli
