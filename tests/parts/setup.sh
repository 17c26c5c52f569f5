#!/usr/bin/env bash
# Installs the Debian packages of the real parts, and only those that are missing. None of them runs afterwards.
set -euo pipefail

PATH="$PATH:/usr/sbin:/sbin"
POLICY=/usr/sbin/policy-rc.d
UNITS="docker.service docker.socket containerd.service docker-registry.service caddy.service nginx.service"
UNITS="$UNITS ssh.service ssh.socket sshd.service"

fail() {
    echo "$1" >&2
    exit 1
}

missing() {
    command -v dockerd >/dev/null || echo docker.io
    command -v docker-registry >/dev/null || echo docker-registry
    command -v caddy >/dev/null || echo caddy
    command -v nginx >/dev/null || echo nginx
    command -v chromium >/dev/null || echo chromium
    command -v ip >/dev/null || echo iproute2
    command -v sshd >/dev/null || echo openssh-server
    command -v ssh >/dev/null || echo openssh-client
    # The test images hold nothing but busybox, so it has to be the one without libraries.
    [ -x /bin/busybox ] && ! ldd /bin/busybox >/dev/null 2>&1 || echo busybox-static
    missing_for_the_window
}

# A screen without a monitor, a keyboard, a session bus, the system's web view, and what compiles GTK's binding.
missing_for_the_window() {
    command -v Xvfb >/dev/null || echo xvfb
    command -v xdotool >/dev/null || echo xdotool
    command -v dbus-daemon >/dev/null || echo dbus
    [ -e /usr/share/dbus-1/session.conf ] || echo dbus-session-bus-common
    knows Gtk-3.0 || echo gir1.2-gtk-3.0
    knows WebKit2-4.1 || echo gir1.2-webkit2-4.1
    knows AyatanaAppIndicator3-0.1 || echo gir1.2-ayatanaappindicator3-0.1
    command -v cc >/dev/null || echo gcc libc6-dev
    command -v pkg-config >/dev/null || echo pkg-config
    pkg-config --exists gobject-introspection-1.0 2>/dev/null || echo libgirepository1.0-dev
    pkg-config --exists cairo 2>/dev/null || echo libcairo2-dev
    [ -e "$("${PYTHON:-python3}" -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ] || echo python3-dev
    [ -d /usr/share/fonts/truetype ] || echo fonts-dejavu-core
}

knows() {
    ls /usr/lib/*/girepository-1.0/"$1".typelib >/dev/null 2>&1
}

deny_services() {
    [ -e "$POLICY" ] && return
    trap 'rm -f "$POLICY"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$POLICY"
    chmod +x "$POLICY"
}

links() {
    for unit in $UNITS; do
        find /etc/systemd/system -path "*.wants/$unit" 2>/dev/null
    done
}

# A package enables its service for the next start of the machine; tests start their own instead.
disable_new_services() {
    for link in $(links); do
        case " $links_before " in *" $link "*) ;; *) rm -f "$link" ;; esac
    done
    case " $packages " in *" docker.io "*) update-rc.d docker disable >/dev/null 2>&1 || true ;; esac
    case " $packages " in *" openssh-server "*) update-rc.d ssh disable >/dev/null 2>&1 || true ;; esac
    case " $packages " in *" docker-registry "*) update-rc.d docker-registry disable >/dev/null 2>&1 || true ;; esac
    case " $packages " in *" nginx "*) update-rc.d nginx disable >/dev/null 2>&1 || true ;; esac
}

packages=$(missing)
[ -n "$packages" ] || exit 0
packages=$(echo $packages)
command -v apt-get >/dev/null || fail "The tests need $packages, and this system has no apt-get: install them by hand."
[ "$(id -u)" = 0 ] || fail "The tests need $packages: run 'sudo make parts', or install them by hand."

log=$(mktemp)
links_before=$(echo $(links))
deny_services
export DEBIAN_FRONTEND=noninteractive
echo "Installing $packages …"
if ! { apt-get update && apt-get install -y --no-install-recommends $packages; } >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    fail "apt-get could not install $packages; its last lines are above and all of them are in $log."
fi
rm -f "$log"
disable_new_services
