#include <lakh/core/error.hpp>
#include <lakh/load/digest.hpp>
#include <lakh/load/ledger_reader.hpp>
#include <lakh/load/plan.hpp>
#include <lakh/load/receipt_check.hpp>
#include <lakh/load/run_folder.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace lakh::load {
namespace {

std::string short_digest(std::string_view digest) {
  return digest.size() > 16 ? std::string(digest.substr(0, 16)) + "…" : std::string(digest);
}

class run_verifier {
 public:
  run_verifier(std::filesystem::path folder, std::string_view signer) : folder_(std::move(folder)), signer_(signer) {}

  run_verification verify() {
    out_.alive = run_folder::is_held(folder_);  // before anything is read: what ends meanwhile is then complete
    read_run();
    read_the_receipt();
    check_plan();
    check_ledger();
    check_balance();
    check_receipt();
    return std::move(out_);
  }

 private:
  void ok(std::string subject, std::string text) { out_.add(std::move(subject), check_result::ok, std::move(text)); }
  void wrong(std::string subject, std::string text) {
    out_.add(std::move(subject), check_result::wrong, std::move(text));
  }
  void open(std::string subject, std::string text) {
    out_.add(std::move(subject), check_result::open, std::move(text));
  }

  // Without the name of the file in front, which is the subject already.
  [[nodiscard]] std::string reason(const error& caught, const std::filesystem::path& file) const {
    std::string text = caught.what();
    if (const std::string prefix = file.string() + ": "; text.starts_with(prefix)) text.erase(0, prefix.size());
    return text;
  }

  void read_run() {
    try {
      info_ = run_folder::read_info(folder_);
      out_.run_id = info_->run_id;
      out_.title = info_->title;
    } catch (const storage_error& caught) {
      out_.run_id = folder_.filename().string();
      wrong("run.json", reason(caught, folder_ / "run.json"));
    }
  }

  void read_the_receipt() {
    try {
      out_.found = read_receipt(folder_);
      if (out_.found) out_.receipt_digest = digest_of_file(folder_ / receipt_file_name);
    } catch (const storage_error& caught) {
      damaged_receipt_ = reason(caught, folder_ / receipt_file_name);
    }
  }

  // ---- the plan and its feeds

  void check_plan() {
    std::string digest;
    try {
      digest = digest_of(run_folder::read_plan(folder_));
    } catch (const storage_error& caught) {
      wrong("plan.yaml", reason(caught, folder_ / "plan.yaml"));
      return;
    }
    std::vector<std::string_view> others;
    if (info_) compare_plan(digest, info_->plan_digest, "run.json", others);
    if (out_.found) compare_plan(digest, out_.found->plan_digest, "the receipt", others);
    if (others.size() == (info_ ? 1U : 0U) + (out_.found ? 1U : 0U) && !others.empty()) {
      ok("plan.yaml", fmt::format("its SHA-256 {} is the one in {}", short_digest(digest), fmt::join(others, " and ")));
      check_feeds();
    }
    plan_digest_ = std::move(digest);
  }

  void compare_plan(const std::string& digest, const std::string& wanted, std::string_view by,
                    std::vector<std::string_view>& agreeing) {
    if (digest == wanted) {
      agreeing.push_back(by);
      return;
    }
    wrong("plan.yaml", fmt::format("its SHA-256 is {}, {} says {}", short_digest(digest), by, short_digest(wanted)));
  }

  void check_feeds() {
    std::vector<feed_spec> feeds;
    try {
      feeds = load_plan(folder_ / "plan.yaml").feeds;
    } catch (const error& caught) {
      out_.add("plan.yaml", check_result::note, std::string("this version cannot read it: ") + caught.what());
      return;
    }
    for (const feed_spec& feed : feeds) check_feed(feed);
    if (!out_.found) return;
    std::vector<receipt_feed> planned;
    for (const feed_spec& feed : feeds) planned.push_back({feed.name, feed.sha256});
    if (planned != out_.found->feeds) wrong("receipt.json", "its feeds are not those of plan.yaml");
  }

  void check_feed(const feed_spec& feed) {
    const std::string subject = "feed " + feed.name;
    std::error_code code;
    if (feed.sha256.empty()) return;
    if (!std::filesystem::exists(feed.path, code)) {
      out_.add(subject, check_result::note, feed.path.string() + " is not there any more");
      return;
    }
    try {
      if (digest_of_file(feed.path) == feed.sha256)
        ok(subject, feed.path.string() + " is what it was");
      else
        wrong(subject, feed.path.string() + " has changed since the run");
    } catch (const storage_error& caught) {
      out_.add(subject, check_result::note, caught.what());
    }
  }

  // ---- the ledger

  void check_ledger() {
    try {
      ledger_reader ledger(folder_);
      const std::uint32_t last = last_session();
      std::size_t covered = 0;
      ledger_reading reading;
      reading.on_file([&](const ledger_file& file, const item_states& states) {
        check_file(file);
        if (!out_.found || file.identity.session > last) return;
        covered_ = balance_of_run(states, requested());
        ++covered;
      });
      reading.on_damage([&](const ledger_file& file, const storage_error& caught) {
        whole_ = false;
        wrong(file.file.filename().string(), reason(caught, file.file));
      });
      const std::uint64_t size = requested().value_or(0);
      const item_states states = ledger.read(size, reading);
      files_ = ledger.files();
      if (ledger.files().empty()) ok("ledger", "there are no ledger files: nothing was claimed");
      if (out_.found && covered == 0) covered_ = balance_of_run(item_states(size), requested());
      if (whole_) out_.computed = balance_of_run(states, requested());
    } catch (const storage_error& caught) {
      whole_ = false;
      wrong("ledger", caught.what());
    }
  }

  void check_file(const ledger_file& file) {
    const std::string subject = file.file.filename().string();
    const std::string counted = fmt::format("session {}, {} {}", file.identity.session, grouped(file.entries),
                                            file.entries == 1 ? "entry" : "entries");
    if (info_ && file.identity.run_id != info_->run_id) {
      wrong(subject, fmt::format("it is of run {}, and run.json of {}", file.identity.run_id, info_->run_id));
    } else if (!plan_digest_.empty() && file.identity.plan_digest != plan_digest_) {
      wrong(subject, fmt::format("it was written for a plan with SHA-256 {}, plan.yaml has {}",
                                 short_digest(file.identity.plan_digest), short_digest(plan_digest_)));
    } else if (file.closed) {
      ok(subject, counted + ", closed; every digest of its chain fits");
    } else if (out_.alive && file.identity.session == newest_session()) {
      ok(subject, counted + " so far, being written; every digest of its chain fits");
    } else {
      ok(subject, counted + ", not closed: its writer was killed; every digest of its chain fits");
    }
  }

  // Where run.json cannot be read, the receipt still knows.
  [[nodiscard]] std::optional<std::uint64_t> requested() const {
    return info_ ? info_->requested : out_.found ? out_.found->requested : std::nullopt;
  }

  [[nodiscard]] std::uint32_t newest_session() const { return info_ ? info_->sessions : 0; }

  // The latest one that the receipt knows of.
  [[nodiscard]] std::uint32_t last_session() const {
    return out_.found && !out_.found->ledger.sessions.empty() ? out_.found->ledger.sessions.back().number : 0;
  }

  void check_balance() {
    if (!out_.computed) {
      open("balance", "not computed: the ledger cannot be trusted");
      return;
    }
    const balance& sheet = *out_.computed;
    std::string text = fmt::format("{} requested = {} confirmed + {} failed + {} unknown", grouped(sheet.requested),
                                   grouped(sheet.confirmed), grouped(sheet.failed), grouped(sheet.unknown));
    if (sheet.doubtful != 0)
      text += fmt::format(" + {} in {}", grouped(sheet.doubtful), out_.alive ? "flight" : "doubt");
    if (sheet.unclaimed != 0) text += fmt::format(" + {} not yet sent", grouped(sheet.unclaimed));
    if (!sheet.holds()) {
      wrong("balance", text + fmt::format(", but that makes {}", grouped(sheet.accounted())));
      return;
    }
    ok("balance", text);
    if (!info_) return;
    if (info_->result && !later_session() && *info_->result != sheet && info_->state != run_state::running)
      wrong("run.json", "its balance is not what the ledger says");
  }

  // A session was begun that the receipt does not know of.
  [[nodiscard]] bool later_session() const {
    return std::ranges::any_of(files_, [&](const ledger_file& file) { return file.identity.session > last_session(); });
  }

  // ---- the receipt

  void check_receipt() {
    if (!damaged_receipt_.empty()) {
      wrong("receipt.json", damaged_receipt_);
    } else if (!out_.found) {
      open("receipt.json", out_.alive ? "there is none yet: the run is still going on"
                                      : "there is none: the run was killed before its end, or an older lakh made it");
    } else {
      compare_receipt(*out_.found);
    }
    check_signature();
    if (out_.alive) {
      open("run", "it is still going on: what was written so far was checked");
    } else if (out_.found && later_session()) {
      open("run", fmt::format("a session after session {} was begun and did not end: the receipt does not speak of it",
                              last_session()));
    }
  }

  void compare_receipt(const receipt& given) {
    const std::size_t before = count_wrong();
    compare_run(given);
    compare_files(given);
    if (!whole_) open("receipt.json", "not compared: the ledger cannot be trusted");
    if (!whole_ || before != count_wrong()) return;
    ok("receipt.json", fmt::format("written {}; it says what the ledger says; its digest fits", given.written_at));
  }

  void compare_run(const receipt& given) {
    const auto same = [&](std::string_view what, const auto& theirs, const auto& ours) {
      if (theirs != ours) wrong("receipt.json", fmt::format("its {} is not that of run.json", what));
    };
    if (!info_) return;
    receipt expected;
    try {
      expected = make_receipt(folder_, {});
    } catch (const storage_error&) {
      return;  // the plan cannot be read: that is said elsewhere
    }
    same("run", given.run_id, expected.run_id);
    same("title", given.title, expected.title);
    same("target", given.target, expected.target);
    same("number of items", given.requested, expected.requested);
    same("seed", given.seed, expected.seed);
    same("plan digest", given.plan_digest, expected.plan_digest);
    same("time of its start", given.started_at, expected.started_at);
    if (out_.alive || later_session()) return;  // run.json is ahead of the receipt
    same("version of lakh", given.lakh_version, expected.lakh_version);
    same("time of its end", given.ended_at, expected.ended_at);
  }

  void compare_files(const receipt& given) {
    if (!whole_) return;  // which file is damaged has been said
    std::vector<ledger_file> covered;
    for (const ledger_file& file : files_)
      if (file.identity.session <= last_session()) covered.push_back(file);
    const receipt_ledger ours = ledger_of(covered, given.run_id, given.plan_digest);
    for (const receipt_file& file : given.ledger.files) {
      const auto found = std::ranges::find(ours.files, file.name, &receipt_file::name);
      if (found == ours.files.end())
        wrong(file.name, "the receipt speaks of it, and it is not there");
      else if (*found != file)
        wrong(file.name,
              fmt::format("it has {} entries and head {}, the receipt says {} and {}", grouped(found->entries),
                          short_digest(found->head), grouped(file.entries), short_digest(file.head)));
    }
    for (const receipt_file& file : ours.files) {
      if (std::ranges::find(given.ledger.files, file.name, &receipt_file::name) == given.ledger.files.end())
        wrong(file.name, "it is not in the receipt");
    }
    if (given.ledger.sessions != ours.sessions) wrong("receipt.json", "its sessions are not those of the ledger");
    if (given.ledger.digest != ours.digest)
      wrong("receipt.json", "its digest over the ledger files is not what they amount to");
    if (covered_ && given.result != *covered_) wrong("receipt.json", "its balance is not what the ledger says");
  }

  void check_signature() {
    if (!out_.found) {
      if (!signer_.empty()) wrong("signature", "there is no receipt that could be signed");
      return;
    }
    const receipt& given = *out_.found;
    if (given.signature.empty() && given.public_key.empty()) {
      if (signer_.empty())
        out_.add("signature", check_result::note, "the receipt is not signed");
      else
        wrong("signature", "the receipt is not signed");
      return;
    }
    if (!signature_holds(given.public_key, given.signature, receipt_bytes(given)))
      wrong("signature", fmt::format("it is not by the key {}", given.public_key));
    else if (!signer_.empty() && given.public_key != signer_)
      wrong("signature",
            fmt::format("by the key {}, and not by the one that is wanted, {}", given.public_key, signer_));
    else if (signer_.empty())
      ok("signature", fmt::format("by the key {}; give --key to make sure whose it is", given.public_key));
    else
      ok("signature", "by the key that is wanted");
  }

  [[nodiscard]] std::size_t count_wrong() const {
    return static_cast<std::size_t>(std::ranges::count(out_.checks, check_result::wrong, &run_check::result));
  }

  std::filesystem::path folder_;
  std::string signer_;
  run_verification out_;
  std::optional<run_info> info_;
  std::string damaged_receipt_;
  std::string plan_digest_;         // of the file as it is
  std::vector<ledger_file> files_;  // after reading
  bool whole_ = true;               // every one of them holds
  std::optional<balance> covered_;  // from the files that the receipt speaks of
};

}  // namespace

std::string_view name(check_result result) noexcept {
  switch (result) {
    case check_result::ok: return "ok";
    case check_result::wrong: return "wrong";
    case check_result::open: return "open";
    case check_result::note: break;
  }
  return "note";
}

void run_verification::add(std::string subject, check_result result, std::string text) {
  checks.push_back({std::move(subject), result, std::move(text)});
}

check_result run_verification::verdict() const noexcept {
  const auto any = [&](check_result result) {
    return std::ranges::find(checks, result, &run_check::result) != checks.end();
  };
  return any(check_result::wrong)  ? check_result::wrong
         : any(check_result::open) ? check_result::open
                                   : check_result::ok;
}

run_verification verify_run(const std::filesystem::path& folder, std::string_view signer) {
  return run_verifier(folder, signer).verify();
}

}  // namespace lakh::load
