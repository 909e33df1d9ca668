// `lakh load --metrics ADDRESS`: the figures of a run that is under way, served to Prometheus under /metrics.
#pragma once

#include <lakh/async/task.hpp>
#include <lakh/load/report_metrics.hpp>

#include <memory>
#include <string>

namespace lakh::cli {

class load_metrics {
 public:
  // Throws input_error for an address that cannot be. Not called on a loop's thread: throws what listening there would
  // throw, before the run begins.
  load_metrics(std::string at, load::metrics_facts facts);
  ~load_metrics();

  // Serves until it is cancelled, on the loop of whoever calls update().
  task<void> serve();
  void update(const load::run_progress& now);

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace lakh::cli
