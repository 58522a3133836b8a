# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034
# Shared by the scripts beside it and by tests/e2e: where the tree is, how a
# build is made, how results are counted. Sourced, never run.

spt_top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

say() {
	printf '%s\n' "$*"
}

die() {
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
	exit 1
}

# misuse WHY: the command line is wrong; nothing was done.
misuse() {
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
	exit 2
}

# Print the comment at the top of the running script, from its third line on.
usage() {
	sed -n '3,/^[^#]/{s/^# \{0,1\}//p}' "$0"
}

# build_dir COMPILER KIND: the folder that such a build lives in.
build_dir() {
	printf '%s/build-%s-%s' "$spt_top" "$1" "$2"
}

# The options of 'meson setup' for a kind of build, one a line.
build_options() {
	case $2 in
	release)
		printf '%s\n' --buildtype=release
		;;
	sanitize)
		printf '%s\n' --buildtype=debugoptimized -Db_sanitize=address,undefined -Db_lundef=false
		;;
	fuzz)
		printf '%s\n' -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false \
			"-Dc_args=-fsanitize=fuzzer-no-link -fsanitize-coverage-ignorelist=$spt_top/tests/fuzz/uncovered"
		;;
	*)
		die "unknown kind of build '$2': release, sanitize or fuzz"
		;;
	esac
}

# build COMPILER KIND [TARGET...]: configure and build, one at a time in a
# folder; silent but for errors. A folder left half configured is made anew.
build() {
	local compiler=$1 kind=$2 dir log
	shift 2
	dir=$(build_dir "$compiler" "$kind")
	log=$dir/build.log
	mkdir -p "$dir"
	(
		flock 9
		if [ ! -f "$dir/build.ninja" ]; then
			local options
			mapfile -t options < <(build_options "$compiler" "$kind")
			rm -rf "$dir/meson-private" "$dir/meson-info"
			CC=$compiler meson setup "${options[@]}" "$dir" "$spt_top" >"$log" 2>&1 9>&- ||
				{ build_complain "$dir" "$log"; exit 1; }
		fi
		ninja -C "$dir" -j "$(nproc)" "$@" >"$log" 2>&1 9>&- ||
			{ build_complain "$dir" "$log"; exit 1; }
	) 9>"$dir/.lock"
}

build_complain() {
	grep -E '(error:|ERROR:|FAILED:|undefined reference|multiple definition)' "$2" | head -n 30 >&2 || true
	say "build failed in ${1#"$spt_top"/}; all of it: $2" >&2
}

# Results: every suite says 'ok NAME', 'FAIL NAME: why' or 'skipped NAME: why'
# on lines of their own; these two add them up.
passed=0
failed=0
skipped=0

# tally TITLE FILE: add the result lines of FILE to the totals, show what
# failed, and say a line for the suite. No result at all is a failure too.
tally() {
	local ok fail skip
	ok=$(grep -c '^ok ' "$2" || true)
	fail=$(grep -c '^FAIL ' "$2" || true)
	skip=$(grep -c '^skipped ' "$2" || true)
	grep -E '^(FAIL|skipped) ' "$2" || true
	if [ "$((ok + fail + skip))" -eq 0 ]; then
		say "FAIL $1: no test ran"
		fail=1
	fi
	passed=$((passed + ok))
	failed=$((failed + fail))
	skipped=$((skipped + skip))
	say "$1: $(counts "$ok" "$fail" "$skip"), $((SECONDS - ${tally_started:-0})) s"
	tally_started=$SECONDS
}

# counts PASSED FAILED SKIPPED: in words.
counts() {
	local skips=
	[ "$3" -eq 0 ] || skips=", $3 skipped"
	printf '%s passed, %s failed%s' "$1" "$2" "$skips"
}

# The last line of a run, and its exit code: nothing run is a failure.
verdict() {
	say "$(counts "$passed" "$failed" "$skipped")"
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
