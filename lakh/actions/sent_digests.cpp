#include <lakh/actions/sent_digests.hpp>

#include <chrono>
#include <memory>
#include <utility>

namespace lakh::actions {
namespace {

class rendered_again {
 public:
  rendered_again(const load::plan& p, const load::feed_set& feeds, const load::action& act, std::string run_id,
                 wall_time started)
      : run_id_(std::move(run_id)),
        start_(std::chrono::floor<std::chrono::seconds>(started)),
        random_(load::run_random(p.seed, run_id_)),
        feeds_(feeds, random_),
        performer_(act.make_performer(resources_)) {}

  std::uint64_t digest_of(std::uint64_t item) {
    load::render_input input;
    input.run = run_id_;
    input.start = start_;
    input.item = item;
    input.random = load::item_random(random_, item);
    input.cells = feeds_.read(item);
    return performer_->prepare(input, ignored_) ? performer_->sent_digest() : 0;
  }

 private:
  std::string run_id_;
  std::chrono::sys_seconds start_;
  std::uint64_t random_;
  load::feed_reader feeds_;
  load::lane_resources resources_;
  std::unique_ptr<load::performer> performer_;
  std::string ignored_;
};

}  // namespace

std::function<std::uint64_t(std::uint64_t)> sent_digests(const load::plan& p, const load::feed_set& feeds,
                                                         const std::vector<load::compiled_step>& steps,
                                                         std::string run_id, wall_time started) {
  // Shared, since a std::function can be copied and a performer cannot.
  auto again = std::make_shared<rendered_again>(p, feeds, *steps.front().act, std::move(run_id), started);
  return [again](std::uint64_t item) { return again->digest_of(item); };
}

}  // namespace lakh::actions
