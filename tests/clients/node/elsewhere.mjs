// Calls a host that is not this machine.
await fetch("http://api.example.com/");
