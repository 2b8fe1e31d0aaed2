// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Run: valac --pkg extension-host-1 examples/vala/first-host.vala && ./first-host python3 examples/hosts/echo.py
//
// Until the library is installed, add --vapidir=_build/src/extension-host --pkg gio-2.0 --pkg json-glib-1.0
//
// Starts a host, calls it twice, and stops it: with async and yield, in the order in which it happens.

async void converse (ExtensionHost.Process host) throws GLib.Error {
    yield host.start_async ();

    var answer = yield host.call_async ("add", Json.from_string ("[1, 2, 39]"));
    // A host may answer with anything: look before reading.
    if (answer.get_node_type () == Json.NodeType.OBJECT)
        print ("1 + 2 + 39 = %d\n", (int) answer.get_object ().get_int_member_with_default ("sum", -1));

    try {
        yield host.call_async ("subtract");
    } catch (ExtensionHost.RpcError.METHOD_NOT_FOUND error) {
        // What the host refuses has a domain of its own: it is alive, and what it says can be shown.
        print ("It cannot subtract: %s\n", error.message);
    }

    var outcome = yield host.stop_async ();
    print ("It was asked to leave, and %s\n", outcome.get_forced () ? "had to be killed" : "left");
}

int main (string[] args) {
    Intl.setlocale ();
    if (args.length < 2) {
        printerr ("Usage: %s PROGRAM [ARGUMENT…]\n", args[0]);
        return 2;
    }

    // Not by using ExtensionHost: GLib has a Process, too.
    var host = new ExtensionHost.Process (new ExtensionHost.Spec ("echo", args[1:args.length]));
    var loop = new MainLoop ();
    int status = 0;

    host.state_changed.connect ((transition) => {
        print (@"$(host.id): $(transition.get_old ()) → $(transition.get_new ())\n");
    });
    converse.begin (host, (object, result) => {
        try {
            converse.end (result);
        } catch (GLib.Error error) {
            printerr ("first-host: %s\n", error.message);
            status = 1;
        }
        loop.quit ();
    });
    loop.run ();

    return status;
}
