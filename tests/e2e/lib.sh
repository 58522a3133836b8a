# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034
# Shared by the scenarios beside it: septet on a tap or veth, the kernel's tools
# as peer, and the result lines 'ok NAME' and 'FAIL NAME: why' that are counted.
# $SEPTET is the program under test; without it the release build of this tree.

. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
# shellcheck source=scripts/lab.sh
. "$spt_top/scripts/lab.sh"

e2e_ports=(tap veth)
e2e_families=(4 6)
not_here=77             # what a test returns that cannot tell anything on this machine now
e2e_status=0

# e2e_begin: the options that every scenario knows; sets 'quick'.
e2e_begin() {
	quick=false
	while [ $# -gt 0 ]; do
		case $1 in
		--quick) quick=true ;;
		-h | --help)
			usage
			exit 0
			;;
		*) misuse "unknown option '$1': expected one of those that $0 --help lists" ;;
		esac
		shift
	done
	lab_septet=${SEPTET:-$(build_dir gcc release)/app/septet}
	[ -x "$lab_septet" ] || die "no program $lab_septet: run scripts/build first"
	lab_begin "$(basename "$0")"
}

# choose FULL QUICK: a size or duration.
choose() {
	if "$quick"; then
		printf '%s' "$2"
	else
		printf '%s' "$1"
	fi
}

# check NAME COMMAND...: one test. What it prints is shown in part when it fails.
check() {
	local name=$1 status=0
	shift
	"$@" >"$lab_scratch/check" 2>&1 || status=$?
	if [ "$status" -eq 0 ]; then
		say "ok $name"
	elif [ "$status" -eq "$not_here" ]; then
		say "skipped $name: $(tail -n 1 "$lab_scratch/check")"
	else
		say "FAIL $name: '$*' said: $(tail -n 3 "$lab_scratch/check" | tr '\n' ' ')"
		e2e_status=1
	fi
}

# literal FAMILY: septet's address; bracketed FAMILY: as in a URL and for socat.
literal() {
	if [ "$1" = 4 ]; then
		printf '%s' "$lab_septet4"
	else
		printf '%s' "$lab_septet6"
	fi
}

bracketed() {
	if [ "$1" = 4 ]; then
		printf '%s' "$lab_septet4"
	else
		printf '[%s]' "$lab_septet6"
	fi
}

# e2e_stop NAME: septet ends in order, and every frame it received is in one counter.
e2e_stop() {
	check "$1 septet ends with 0 on SIGTERM" lab_stop 20
	check "$1 summary adds up" summary_adds_up
	lab_down
}

# The summary's own statement, done again from its lines.
summary_adds_up() {
	awk -f "$spt_top/tests/e2e/summary.awk" "$lab_log"
}

# make_bytes FILE MEGABYTES: random bytes, so that a wrong one cannot hide.
make_bytes() {
	head -c "$(($2 * 1000000))" /dev/urandom >"$1"
}
