"""Programs as items: many, killed in the middle with and without their loader, resumed, and what they wrote."""

import contextlib
import json
import os
import pathlib
import random
import signal
import subprocess
import time
import unittest

from harness import LAKH, ROOT, Case, stop

SEED = int(os.environ.get("EXEC_SEED", "20261122"))
# Writes down that it began and that it has ended, each with one write.
WORK = 'echo "b $LAKH_ITEM $$" >> log; sleep 0.0{}; echo "e $LAKH_ITEM" >> log; echo "done $LAKH_ITEM"'


def is_running(pid):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
        return stat.rpartition(") ")[2][0] not in "ZX"
    return False


def children_of(pid):
    """The programs that a process has started, by any of its threads."""
    found = []
    for file in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found += [int(number) for number in file.read_text().split()]
    return found


class Exec(Case):
    def log(self):
        """How often each item began and ended, and the numbers of its processes."""
        begun, ended, pids = {}, {}, []
        with contextlib.suppress(FileNotFoundError):
            for line in (self.folder / "log").read_text().splitlines():
                kind, item, *pid = line.split()
                which = begun if kind == "b" else ended
                which[int(item)] = which.get(int(item), 0) + 1
                pids += [int(number) for number in pid]
        return begun, ended, pids

    def wait_for_log(self, ended, process):
        for _ in range(6000):
            if len(self.log()[1]) >= ended:
                return
            if process.poll() is not None:
                raise AssertionError(f"the load ended early: {process.communicate()}")
            time.sleep(0.005)
        raise AssertionError("nothing happens")

    def states(self):
        rows = self.lakh("runs", "export", "last", "--format", "jsonl", "--no-requests").out.splitlines()
        return {row["item"]: row["state"] for row in map(json.loads, rows)}

    def outputs(self, *words):
        rows = self.lakh("runs", "output", "last", "--json", *words).out.splitlines()
        return {row["item"]: row["stdout"] for row in map(json.loads, rows)}

    def begin_and_kill(self, *words, load=(), items=3000, until=100):
        process = self.start("load", "-n", items, "-u", 4, "--progress", "none", *load, "exec", *words, "--", "sh",
                             "-c", WORK.format(2))
        self.wait_for_log(until, process)
        at_work = children_of(process.pid)
        self.assertTrue(at_work)
        stop(process, signal.SIGKILL)
        for pid in at_work:
            for _ in range(1000):
                if not is_running(pid):
                    break
                time.sleep(0.01)
            self.assertFalse(is_running(pid), "a program goes on without its loader")

    def test_ten_thousand(self):
        done = self.lakh("load", "-n", 10000, "--json", "--progress", "none", "exec", "--", "true", timeout=280)
        self.assertEqual(done.code, 0, done)
        self.assertBalanced(done.json()["balance"], 10000)
        self.assertEqual(done.json()["statuses"], {"0": 10000})
        (run,) = self.folder.glob("runs/*")
        self.assertLess(len(list(run.iterdir())), 10)
        self.assertEqual(self.lakh("verify", "last").code, 0)

    def test_every_shape_does_each_item_once_and_keeps_its_output(self):
        for shape in ("serial", "threads:3", "coroutines:5", "processes:2", "2x2x2"):
            with self.subTest(shape=shape):
                (self.folder / "log").unlink(missing_ok=True)
                done = self.lakh("load", "-n", 60, "--shape", shape, "--json", "--progress", "none", "exec", "--", "sh",
                                 "-c", WORK.format(0))
                self.assertEqual(done.code, 0, done)
                begun, ended, _ = self.log()
                self.assertEqual(begun, {item: 1 for item in range(60)})
                self.assertEqual(ended, begun)
                self.assertEqual(self.outputs(), {item: f"done {item}\n" for item in range(60)})

    def test_rows_of_a_file(self):
        (self.folder / "hosts.csv").write_text("name,port\nalpha,1\nbeta gamma,2\n\"it's; $HOME\",3\n")
        done = self.lakh("load", "--feed", "hosts=hosts.csv", "-n", 3, "--progress", "none", "exec", "--", "printf",
                         "%s:%s\n", "{{hosts.name}}", "{{hosts.port}}")
        self.assertEqual(done.code, 0, done)
        self.assertEqual(self.lakh("runs", "output", "last").out, "alpha:1\nbeta gamma:2\nit's; $HOME:3\n")
        self.assertEqual(self.lakh("runs", "output", "last", 1, "--tag").out, "1\tbeta gamma:2\n")

    def test_killed_9_its_programs_go_with_it_and_nothing_is_run_twice(self):
        self.begin_and_kill()
        done = self.lakh("load", "--resume", "last", "--json", "--progress", "none", timeout=200)
        balance = done.json()["balance"]
        self.assertEqual(done.code, 1, done)
        self.assertBalanced(balance, 3000)
        # What no lane had taken yet was claimed, but is known not to have begun: four lanes, and a little for those that
        # had ended, whose outcome was not yet written down.
        self.assertLessEqual(1, balance["unknown"])
        self.assertLessEqual(balance["unknown"], 40)
        self.assertEqual(balance["failed"] + balance.get("unclaimed", 0) + balance.get("doubtful", 0), 0)
        begun, ended, _ = self.log()
        self.assertEqual(set(begun.values()), {1}, "an item was run twice")
        states = self.states()
        for item in range(3000):
            if states[item] == "confirmed":
                self.assertEqual(ended.get(item), 1)
            elif item not in begun:
                self.assertEqual(states[item], "unknown")

    def test_killed_9_at_most_once_is_stronger_than_idempotent(self):
        self.begin_and_kill("--idempotent", load=("--at-most-once",), items=600)
        done = self.lakh("load", "--resume", "last", "--json", "--progress", "none", timeout=200)
        self.assertEqual(done.code, 1, done)
        self.assertGreaterEqual(done.json()["balance"]["unknown"], 1)
        begun, ended, _ = self.log()
        self.assertEqual(set(begun.values()), {1}, "an item was run twice")
        for item, state in self.states().items():
            self.assertIn(state, ("confirmed", "unknown"))
            if state == "confirmed":
                self.assertEqual(ended.get(item), 1)

    def test_killed_9_what_may_be_repeated_is_and_all_is_done(self):
        self.begin_and_kill("--idempotent")
        done = self.lakh("load", "--resume", "last", "--json", "--progress", "none", timeout=200)
        self.assertEqual(done.code, 0, done)
        self.assertEqual(done.json()["balance"]["confirmed"], 3000)
        begun, ended, _ = self.log()
        self.assertEqual(set(ended), set(range(3000)))
        outputs = self.outputs()
        self.assertGreater(len(outputs), 2900)  # the last moments before the kill may be lost
        for item, text in outputs.items():
            self.assertEqual(text, f"done {item}\n")

    def test_failed_items_are_tried_again_when_asked(self):
        words = ("load", "-n", 20, "--progress", "none", "exec", "--", "sh", "-c",
                 'echo "b $LAKH_ITEM $$" >> log; test -e fixed || test $LAKH_ITEM -lt 15')
        self.assertEqual(self.lakh(*words).code, 1)
        (self.folder / "fixed").touch()
        self.assertEqual(self.lakh("load", "--resume", "last", "--progress", "none").code, 1)
        done = self.lakh("load", "--resume", "last", "--retry-failed", "--json", "--progress", "none")
        self.assertEqual(done.code, 0, done)
        self.assertEqual(self.log()[0], {item: 1 + (item >= 15) for item in range(20)})

    def test_children_killed_by_others_are_unknown_and_never_repeated(self):
        chance = random.Random(SEED)
        process = self.start("load", "-n", 400, "-u", 6, "--json", "--progress", "none", "exec", "--", "sh", "-c",
                             WORK.format(3))
        killed = 0
        while process.poll() is None:
            time.sleep(chance.uniform(0.001, 0.02))
            at_work = children_of(process.pid)
            if at_work:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(chance.choice(at_work), chance.choice((signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV)))
                    killed += 1
        out, err = process.communicate()
        self.assertGreater(killed, 10)
        balance = json.loads(out)["balance"]
        self.assertBalanced(balance, 400)
        self.assertEqual(balance["failed"], 0, err)
        self.assertGreater(balance["unknown"], 0)
        begun, ended, _ = self.log()
        self.assertLessEqual(set(begun.values()), {1}, f"an item was run twice (EXEC_SEED={SEED})")
        for item, state in self.states().items():
            if state == "confirmed":
                self.assertEqual(ended.get(item), 1)

    def test_ctrl_c_lets_them_end_and_a_second_one_kills_all_of_them(self):
        process = self.start("load", "-n", 10, "-u", 2, "--progress", "none", "exec", "--", "sh", "-c",
                             'echo "b $LAKH_ITEM $$" >> log; sleep 1.5; echo "e $LAKH_ITEM" >> log')
        self.wait_for_begun(2, process)
        done = stop(process, signal.SIGINT)
        self.assertEqual(done.code, 130, done)
        begun, ended, _ = self.log()
        self.assertEqual(begun, ended)
        (self.folder / "log").unlink()
        process = self.start("load", "-n", 10, "-u", 2, "--progress", "none", "exec", "--", "sh", "-c",
                             'echo "b $LAKH_ITEM $$" >> log; sleep 1000 & echo "b $LAKH_ITEM $!" >> log; wait')
        self.wait_for_begun(2, process)
        while len(self.log()[2]) < 4:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        done = stop(process, signal.SIGINT)
        self.assertEqual(done.code, 130, done)
        self.assertGone(self.log()[2])
        self.assertEqual(self.states_in_doubt(), 2)

    def test_what_is_over_its_time_is_ended_whole_before_it_is_tried_again(self):
        # `timeout` and `set -m` make process groups of their own within the session.
        line = ('set -m; timeout 1000 sh -c \'echo "b $LAKH_ITEM $$" >> log; sleep 1000\' & '
                'sh -c \'echo "b $LAKH_ITEM $$" >> log; sleep 1000\' & wait')
        done = self.lakh("load", "-n", 3, "--timeout", "1s", "--attempts", 2, "--json", "--progress", "none", "exec",
                         "--idempotent", "--", "bash", "-c", line)
        self.assertEqual(done.json()["balance"]["unknown"], 3, done)
        begun, _, pids = self.log()
        self.assertEqual(begun, {item: 4 for item in range(3)})
        self.assertGone(pids)

    def assertGone(self, pids):
        for pid in pids:
            for _ in range(1000):
                if not is_running(pid):
                    break
                time.sleep(0.01)
            self.assertFalse(is_running(pid), "something that a program had started goes on")

    def test_the_example_writes_its_letters(self):
        ran = subprocess.run([LAKH, "load", ROOT / "examples/plans/exec.yaml", "-n", "12", "--progress", "none"],
                             cwd=self.folder, env={**os.environ, "PWD": str(self.folder)}, capture_output=True,
                             text=True, timeout=60, check=False)
        self.assertEqual(ran.returncode, 0, ran)
        letters = sorted((self.folder / "letters").iterdir())
        self.assertEqual([letter.name for letter in letters], [f"{item:05}.txt" for item in range(12)])
        self.assertIn("is on its way", letters[0].read_text())
        self.assertEqual(self.outputs()[0], f"{letters[0].stat().st_size}\n")

    def test_limits_judge_a_run_of_programs(self):
        words = ("-n", 5, "--progress", "none", "exec", "--", "true")
        self.assertEqual(self.lakh("load", "--limit", "p99<60s", "--limit", "failed=0", *words).code, 0)
        broken = self.lakh("load", "--limit", "p99<1us", *words)
        self.assertEqual(broken.code, 6, broken)

    def test_once_a_second_signal_kills_it_and_all_is_told(self):
        for number, code in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
            for more in ((), ("--json",)):
                with self.subTest(signal=number, words=more):
                    (self.folder / "log").unlink(missing_ok=True)
                    process = self.start("exec", *more, "--", "sh", "-c",
                                         'trap "echo no" INT TERM; echo "b 0 $$" >> log; while :; do sleep 0.05; done')
                    self.wait_for_begun(1, process)
                    (pid,) = self.log()[2]
                    process.send_signal(number)
                    time.sleep(0.3)
                    self.assertIsNone(process.poll())
                    done = stop(process, number)
                    self.assertEqual(done.code, code, done)
                    self.assertFalse(is_running(pid))
                    if more:
                        self.assertEqual((done.json()["signal"], done.json()["stdout"]), (9, "no\n"))
                    else:
                        self.assertIn("ended by SIGKILL", done.err)

    def wait_for_begun(self, number, process):
        for _ in range(2000):
            if len(self.log()[0]) >= number:
                return
            self.assertIsNone(process.poll())
            time.sleep(0.01)
        raise AssertionError("nothing begins")

    def states_in_doubt(self):
        rows = self.lakh("runs", "export", "last", "--in-doubt", "--format", "jsonl").out.splitlines()
        return len(rows)

    def test_a_terminal_s_ctrl_c_does_not_reach_them(self):
        # As a terminal does it: to the whole process group.
        process = subprocess.Popen([LAKH, "load", "-n", "2", "-u", "2", "--progress", "none", "exec", "--", "sh", "-c",
                                    'echo "b $LAKH_ITEM $$" >> log; sleep 1; echo "e $LAKH_ITEM" >> log'],
                                   cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   start_new_session=True)
        self.addCleanup(process.kill)
        self.wait_for_begun(2, process)
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=20)
        begun, ended, _ = self.log()
        self.assertEqual(begun, ended)


if __name__ == "__main__":
    unittest.main()
