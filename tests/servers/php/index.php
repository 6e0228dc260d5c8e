<?php
echo "port ", $_SERVER['SERVER_PORT'], "\n";
