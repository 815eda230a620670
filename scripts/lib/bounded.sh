#!/bin/sh
# Runs COMMAND for SECONDS at most. One that still runs then is ended with its session, after a list of all processes and of what each waits for
# in the kernel; the status is 124.
#   sh scripts/lib/bounded.sh SECONDS COMMAND [ARG...]
set -u
seconds=$1
shift
setsid "$@" &
command=$!
(
  trap 'kill "$!"; exit 0' TERM
  sleep "$seconds" &
  wait
  trap '' TERM
  exec >&2
  echo "still running after $seconds s: $*"
  ps -eo pid,ppid,stat,wchan:28,etimes,args --forest | cut -c 1-200
  if [ -n "${KERNEL_LAB:-}" ]; then # nobody else's kernel: the stacks of tasks that cannot be interrupted
    echo w >/proc/sysrq-trigger
    dmesg | sed -n '/Show Blocked State/,$p'
  fi
  kill -s KILL -- "-$command"
  exit 124
) &
watch=$!
code=0
wait "$command" || code=$?
kill -s TERM "$watch" 2>/dev/null
wait "$watch" || code=$?
exit "$code"
