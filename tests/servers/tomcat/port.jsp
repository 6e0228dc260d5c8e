<%@ page contentType="text/plain" trimDirectiveWhitespaces="true" %>
port <%= request.getLocalPort() %>, asked <%= request.getServerPort() %>
