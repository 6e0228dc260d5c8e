program server;
uses Sockets, SysUtils;

var
  listener, client: LongInt;
  address: TInetSockAddr;
  size: TSockLen;
  got: array[0..4095] of Char;
  answer: String;

procedure Check(good: Boolean; what: String);
begin
  if not good then
  begin
    WriteLn(what, ': ', SysErrorMessage(SocketError));
    Halt(1);
  end;
end;

function Port(fd: LongInt): Word;
begin
  size := SizeOf(address);
  Check(fpGetSockName(fd, @address, @size) = 0, 'getsockname');
  Port := NtoHs(address.sin_port);
end;

begin
  listener := fpSocket(AF_INET, SOCK_STREAM, 0);
  FillChar(address, SizeOf(address), 0);
  address.sin_family := AF_INET;
  address.sin_port := HtoNs(80);
  Check(fpBind(listener, @address, SizeOf(address)) = 0, 'bind');
  Check(fpListen(listener, 16) = 0, 'listen');
  repeat
    client := fpAccept(listener, nil, nil);
    fpRecv(client, @got, SizeOf(got), 0);
    answer := Format('listener %d, connection %d'#10, [Port(listener), Port(client)]);
    answer := 'HTTP/1.0 200 OK'#13#10'Content-Type: text/plain'#13#10#13#10 + answer;
    fpSend(client, @answer[1], Length(answer), 0);
    CloseSocket(client);
  until False;
end.
