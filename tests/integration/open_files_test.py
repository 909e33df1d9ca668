"""More programs at once than the usual limit on open files allows: the limit is raised for lakh, and for nobody else."""

import json
import resource
import subprocess
import unittest

from harness import LAKH, Case


class OpenFiles(Case):
    def limited(self, soft, hard, *words):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

        return subprocess.run([LAKH, *map(str, words)], cwd=self.folder, capture_output=True, text=True, timeout=120,
                              check=False, preexec_fn=limit)

    def test_each_lane_has_what_its_program_needs_and_programs_find_the_limit_that_was_there(self):
        for shape in ("1x1x400", "2x1x400"):
            with self.subTest(shape=shape):
                done = self.limited(1024, 4096, "load", "-n", 800, "--shape", shape, "--progress", "none", "--json", "exec",
                                    "--idempotent", "--", "sh", "-c", "ulimit -n; exec sleep 2")
                self.assertEqual(done.returncode, 0, (done.stdout, done.stderr))
                self.assertEqual(json.loads(done.stdout)["balance"]["confirmed"], 800)
                rows = self.lakh("runs", "output", "last", "--json").out.splitlines()
                self.assertEqual([row["stdout"] for row in map(json.loads, rows)], ["1024\n"] * 800)

    def test_what_cannot_work_is_said_before_anything_is_done(self):
        done = self.limited(256, 256, "load", "-n", 800, "-u", 400, "exec", "--", "touch", "begun")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("400 users need 1,328 open files", done.stderr)
        self.assertIn("--users 42", done.stderr)
        self.assertFalse((self.folder / "begun").exists())


if __name__ == "__main__":
    unittest.main()
