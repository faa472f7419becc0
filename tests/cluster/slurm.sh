#!/usr/bin/env bash
# A real Slurm of one node on loopback, for tests.
#
#   slurm.sh with COMMAND...   start it, run the command, stop it, however the command ends
#   slurm.sh start | stop      by hand
#
# Needs root on Debian or Ubuntu; installs Slurm and munge if they are not there. Everything it writes is in
# its own state folder, except one link: programs look for /etc/slurm/slurm.conf. If that file exists already
# and is not this script's, there is a cluster here, and the script refuses. Ports and munge key are its own too.
set -euo pipefail

state=${SLURM_TEST_STATE:-/var/tmp/slurm-of-one-node}
conf=/etc/slurm/slurm.conf

refuse() {
    echo "slurm.sh: $1" >&2
    exit 2
}

own() { [ -L "$conf" ] && [ "$(readlink "$conf")" = "$state/slurm.conf" ]; }

running() { [ "$(cat "/proc/$(cat "$state/slurmctld.pid" 2>/dev/null)/comm" 2>/dev/null)" = slurmctld ]; }

install_packages() {
    if ! (command -v slurmctld && command -v slurmd && command -v sbatch && command -v munged) >/dev/null; then
        # No service may start on its own: with the packages' defaults it would not be this cluster.
        apt-get update -qq
        RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            slurmctld slurmd slurm-client munge >/dev/null
    fi
}

write_config() {
    cat >"$state/slurm.conf" <<CONF
ClusterName=loopback
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=36817
SlurmdPort=36818
AuthType=auth/munge
AuthInfo=socket=$state/munge.socket
CryptoType=crypto/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$state/ctld
SlurmdSpoolDir=$state/slurmd
SlurmctldPidFile=$state/slurmctld.pid
SlurmdPidFile=$state/slurmd.pid
SlurmctldLogFile=$state/slurmctld.log
SlurmdLogFile=$state/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
MpiDefault=none
KillWait=2
ReturnToService=1
# Finished jobs are remembered for an hour: the tests read Slurm's own records.
MinJobAge=3600
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$(awk '/MemTotal/ {print int($2 / 1024)}' /proc/meminfo)
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE
CONF
}

# End the daemon of a pid file, if it is still that program.
end() {
    local pid
    pid=$(cat "$state/$1.pid" 2>/dev/null) || return 0
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$1" ] || return 0
    kill "$pid" 2>/dev/null || return 0
    for _ in $(seq 100); do
        [ -d "/proc/$pid" ] || return 0
        sleep 0.1
    done
    kill -9 "$pid" 2>/dev/null || true
}

stop() {
    own || [ -d "$state" ] || return 0
    if own && [ -s "$state/slurmctld.pid" ]; then
        timeout 10 scancel --user root 2>/dev/null || true
        for _ in $(seq 50); do
            [ -z "$(timeout 5 squeue -h 2>/dev/null)" ] && break
            sleep 0.2
        done
    fi
    end slurmd
    end slurmctld
    end munged
    if own; then rm -f "$conf"; fi
    rm -rf "$state"
}

start() {
    [ "$(id -u)" = 0 ] || refuse "only root can start a cluster"
    if [ -e "$conf" ] || [ -L "$conf" ]; then
        own || refuse "$conf is there and not of this script: there is a cluster on this machine, which is left alone"
        running && refuse "it is running already: slurm.sh stop"
        stop # what a killed run left behind
    fi
    install_packages
    mkdir -p "$state/ctld" "$state/slurmd" "$(dirname "$conf")"
    chmod 711 "$state"
    write_config
    ln -s "$state/slurm.conf" "$conf"
    (umask 077 && head -c 1024 /dev/urandom >"$state/munge.key")
    munged --key-file="$state/munge.key" --socket="$state/munge.socket" --pid-file="$state/munged.pid" \
        --log-file="$state/munged.log" --seed-file="$state/munged.seed" --num-threads=2 --force 2>"$state/munged.err"
    slurmctld -c -f "$conf"
    slurmd -f "$conf"
    for _ in $(seq 300); do
        [ "$(sinfo -h -o %T 2>/dev/null)" = idle ] && return 0
        sleep 0.1
    done
    tail -n 5 "$state"/*.log >&2
    echo "slurm.sh: the node did not become idle in 30 s" >&2
    return 1
}

case "${1:-}" in
start) (start) || { code=$?; [ $code = 2 ] || stop; exit $code; } ;;
stop) stop ;;
with)
    shift
    (start) || { code=$?; [ $code = 2 ] || stop; exit $code; }
    trap stop EXIT
    "$@"
    ;;
*) refuse "say one of: start, stop, with COMMAND..." ;;
esac
